package dialog

import (
	"errors"
	"strings"
	"testing"

	"github.com/podarium/podarium/tui/screentest"
)

func TestTicks(t *testing.T) {
	h, s := screentest.New(t, nil)
	var got string
	d := NewTicks(s, Ticks{
		Title: "T", Items: []Tick{{Value: "a", Text: "a", On: true}, {Value: "b", Text: "b"}, {Value: "c", Text: "c"}},
		Accept: func(items []Tick) error {
			got = ""
			for _, i := range items {
				if i.On {
					got += i.Value
				}
			}
			if got == "" {
				return errors.New("tick one")
			}
			return nil
		},
		Add: func(text string) (Tick, error) {
			if text == "" {
				return Tick{}, errors.New("give one")
			}
			return Tick{Value: text, Text: text}, nil
		},
	})
	if done := press(d, "x", "enter"); done || !strings.Contains(draw(h, d), "tick one") {
		t.Errorf("nothing is taken: done %v\n%s", done, draw(h, d))
	}
	press(d, "G", "x", "K", "K", "a")
	if len(h.Asked) != 1 || press(h.Asked[0], "enter") {
		t.Fatal("an empty one is added, or none is asked for")
	}
	press(h.Asked[0], "n", "enter")
	if done := press(d, "enter"); !done || got != "cn" {
		t.Errorf("done %v, got %q, want cn: the moved one, and the added one below it", done, got)
	}
}
