package dialog

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func keyPress(name string) tea.KeyPressMsg {
	codes := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "backspace": tea.KeyBackspace}
	if c, ok := codes[name]; ok {
		return tea.KeyPressMsg{Code: c}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// press presses keys and says whether the dialog was done after the last one.
func press(d screen.Dialog, names ...string) (done bool) {
	for _, n := range names {
		done = d.Update(keyPress(n))
	}
	return done
}

func draw(h *screentest.Host, d screen.Dialog) string {
	w, height := d.Size(70, 20)
	c := canvas.New(w, height, h.Styles().Raised)
	d.Draw(c)
	return c.String()
}

func TestConfirmBeginsOnNo(t *testing.T) {
	for _, c := range []struct {
		keys []string
		yes  bool
	}{{[]string{"enter"}, false}, {[]string{"esc"}, false}, {[]string{"n"}, false}, {[]string{"y"}, true}, {[]string{"tab", "enter"}, true}, {[]string{"right", "left", "enter"}, false}} {
		_, s := screentest.New(t, nil)
		yes := false
		d := NewConfirm(s, Confirm{Title: "T", Text: "really?", Accept: "Do it", Then: func() { yes = true }})
		if done := press(d, c.keys...); !done || yes != c.yes {
			t.Errorf("%v: done %v, yes %v", c.keys, done, yes)
		}
	}
}

func TestForm(t *testing.T) {
	h, s := screentest.New(t, nil)
	var got []string
	d := NewForm(s, Form{
		Title: "T", Note: "a note", Accept: "Go on",
		Fields: []Field{
			{Label: "number", Value: "3", Number: true, Check: func(v string) error {
				if v == "" {
					return errors.New("give a number")
				}
				return nil
			}},
			{Label: "how", Value: "a", Choices: []string{"a", "b"}},
			{Label: "text", Value: ""},
		},
		Then: func(v []string) { got = v },
	})
	press(d, "up", "up", "down") // counts 3 to 4
	if done := press(d, "backspace", "enter"); done || !strings.Contains(draw(h, d), "give a number") {
		t.Fatalf("an empty number is taken:\n%s", draw(h, d))
	}
	press(d, "4", "tab", "right", "right", "left", "tab")
	d.Update(tea.PasteMsg{Content: "pasted"})
	if done := press(d, "enter"); !done {
		t.Fatal("not done")
	}
	if strings.Join(got, ",") != "4,b,pasted" {
		t.Errorf("got %v", got)
	}
	if !press(d, "esc") {
		t.Error("esc does not leave")
	}
}

func TestChoose(t *testing.T) {
	_, s := screentest.New(t, nil)
	got := -1
	d := NewChoose(s, Choose{Title: "T", Choices: []Choice{{Text: "a"}, {Text: "b"}, {Text: "c"}}, At: 1, Then: func(i int) { got = i }})
	if press(d, "j", "j", "j", "k", "enter"); got != 1 {
		t.Errorf("chose %d, want 1", got)
	}
	press(NewChoose(s, Choose{Then: func(int) { t.Error("nothing to choose, and something was") }}), "j", "enter")
}

func TestWhatIsTypedFirstTakesThePlaceOfANumber(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"4"}, "4"}, {[]string{"4", "0"}, "40"}, {[]string{"backspace", "4"}, "14"}, {[]string{"up", "0"}, "130"}, {[]string{"left", "4"}, "142"},
	} {
		_, s := screentest.New(t, nil)
		var got []string
		d := NewForm(s, Form{Title: "Scale", Accept: "Preview", Fields: []Field{{Label: "replicas", Value: "12", Number: true}}, Then: func(v []string) { got = v }})
		if press(d, append(c.keys, "enter")...); len(got) != 1 || got[0] != c.want {
			t.Errorf("%v over 12 gives %v, want %s", c.keys, got, c.want)
		}
	}
}
