package dialog

import (
	"errors"
	"testing"

	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screentest"
)

func TestGoldenDialogs(t *testing.T) {
	h, s := screentest.New(t, nil)
	screentest.Dialog(t, h, "confirm", NewConfirm(s, Confirm{
		Title: "Quit", Text: `The cluster "default" runs in this process and stops with it. What it holds is kept and is there at the next start.`, Accept: "Quit",
	}))
	form := NewForm(s, Form{
		Title: "Set the image of web", Note: "All Pods are replaced, a few at a time.", Accept: "Go on",
		Fields: []Field{
			{Label: "container web", Value: "nginx:1.27", Offers: []string{"nginx:1.26", "nginx:1.25"}, Check: func(string) error { return errors.New("give an image") }},
			{Label: "replicas", Value: "3", Number: true},
			{Label: "propagation", Value: "background", Choices: []string{"background", "foreground", "orphan"}},
		},
	})
	screentest.Dialog(t, h, "form", form)
	press(form, "enter")
	screentest.Dialog(t, h, "form-wrong", form)
	press(form, "tab", "tab", "tab")
	screentest.Dialog(t, h, "form-button", form)
	choose := Choose{Title: "Clusters", At: 1, Choices: []Choice{
		{Text: "default", Note: "https://127.0.0.1:6443"}, {Text: "prod-eu", Note: "https://eu.example.com   read-only"}, {Text: "staging", Note: "https://staging.example.com"},
	}}
	choose.Other.Key, choose.Other.Help = "t", "open it in a new tab"
	screentest.Dialog(t, h, "choose", NewChoose(s, choose))
	screentest.Dialog(t, h, "text", NewText(s, "Message", []pager.Line{
		pager.Plain("Back-off pulling image", pager.Heading), {}, pager.Plain("rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/nginx:broken\": not found", nil),
	}))
}
