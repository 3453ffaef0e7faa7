package changes

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screentest"
)

func TestPreviewTakesNoAnswerMeantForSomethingElse(t *testing.T) {
	h, s := screentest.New(t, nil)
	applied := 0
	plan := &change.Plan{Verb: "update", Summary: "scale it", Command: "kubectl scale", Warnings: []string{"it is paused"}}
	d := newPreview(s, []*change.Plan{plan}, func() { applied++ })
	if d.Update(tea.KeyPressMsg{Code: tea.KeyEnter}) || applied != 0 {
		t.Fatal("a key that was on its way applied the change")
	}
	w, height := d.Size(80, 24)
	c := canvas.New(w, height, h.Styles().Raised)
	d.Draw(c)
	for _, want := range []string{"scale it", "$ kubectl scale", "▲ it is paused", "Cancel", "▸ apply"} {
		if !strings.Contains(c.String(), want) {
			t.Errorf("the preview does not show %q:\n%s", want, c)
		}
	}
	h.Time = h.Time.Add(grace)
	if !d.Update(tea.KeyPressMsg{Code: tea.KeyEnter}) || applied != 1 {
		t.Error("enter does not apply")
	}
	// A delete begins on no.
	d = newPreview(s, []*change.Plan{{Verb: "delete", Summary: "delete it"}}, func() { applied++ })
	h.Time = h.Time.Add(grace)
	if !d.Update(tea.KeyPressMsg{Code: tea.KeyEnter}) || applied != 1 {
		t.Error("enter on a delete deletes")
	}
	d = newPreview(s, []*change.Plan{{Verb: "delete", Summary: "delete it"}}, func() { applied++ })
	h.Time = h.Time.Add(grace)
	if !d.Update(tea.KeyPressMsg{Code: 'y', Text: "y"}) || applied != 2 {
		t.Error("y does not")
	}
}
