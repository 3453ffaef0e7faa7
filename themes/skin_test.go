package themes

import (
	"reflect"
	"strings"
	"testing"
)

// The forms that k9s's skins have: anchors, names of colours, default, a strong cursor, colours that cannot be read.
const nightSkin = `
fg: &fg "#e8e8e0"
night: &night "#202330"
k9s:
  body: {fgColor: *fg, bgColor: *night, logoColor: plum}
  dialog: {fgColor: *fg, bgColor: *night, labelFgColor: orange}
  frame:
    border: {fgColor: "#444", focusColor: aqua}
    menu: {fgColor: white, keyColor: dodgerblue, numKeyColor: fuchsia}
    status: {newColor: lightskyblue, modifyColor: greenyellow, addColor: limegreen, errorColor: orangered, pendingColor: darkorange, completedColor: "#404040"}
    title: {fgColor: aqua, filterColor: linegreen}
  views:
    table: {fgColor: blue, bgColor: default, cursorFgColor: black, cursorBgColor: aqua, header: {fgColor: white, sorterColor: orange}}
`

func TestFromSkin(t *testing.T) {
	for name, c := range map[string]struct {
		variant Variant
		skin    string
		want    Variant
		notes   []string
	}{
		"night": {"", nightSkin, Dark, []string{"muted: #404040 cannot be read", "selection:", `frame.title.filterColor: "linegreen" is not a colour`}},
		"day":   {"", "k9s: {body: {fgColor: \"#657b83\", bgColor: \"#fdf6e3\"}}", Light, []string{"text: #657b83 cannot be read", "ok: the skin has no frame.status.addColor"}},
		"clear": {Light, "k9s: {body: {bgColor: default}}", Light, []string{"background: the skin leaves it to the terminal"}},
		"same":  {"", "k9s: {body: {fgColor: white, bgColor: black}, frame: {status: {addColor: white, errorColor: white, newColor: white}}}", Dark, []string{"ok: it looked like text"}},
	} {
		t.Run(name, func(t *testing.T) {
			th, notes, err := FromSkin(name, c.variant, []byte(c.skin))
			if err != nil {
				t.Fatal(err)
			}
			if th.Variant != c.want {
				t.Errorf("it is %s, want %s", th.Variant, c.want)
			}
			for _, err := range Check(th) {
				t.Error(err)
			}
			for _, want := range c.notes {
				if !strings.Contains(strings.Join(notes, "\n"), want) {
					t.Errorf("no note %q in\n%s", want, strings.Join(notes, "\n"))
				}
			}
			again, err := Parse(th.YAML())
			if err != nil || !reflect.DeepEqual(again, th) {
				t.Errorf("it is not read back as it was: %v\n%s", err, th.YAML())
			}
		})
	}
	for name, text := range map[string]string{"no skin": "theme: x\n", "not YAML": "k9s: [\n"} {
		if _, _, err := FromSkin("x", "", []byte(text)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
