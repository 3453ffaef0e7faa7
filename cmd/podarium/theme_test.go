package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podarium/podarium/themes"
)

func TestThemeCommands(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("NO_COLOR", "1")
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		root := newRoot()
		root.SetArgs(args)
		root.SetOut(&out)
		root.SetErr(&out)
		err := root.Execute()
		return out.String(), err
	}
	skin := filepath.Join(home, "night.yaml")
	if err := os.WriteFile(skin, []byte("k9s: {body: {fgColor: \"#404048\", bgColor: \"#101018\"}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"theme list", "podarium-dark dark built in on a dark background"},
		{"theme list -o json", `"name": "okabe-ito"`},
		{"theme show terminal", "for a dark background"},
		{"theme show okabe-ito -o yaml", "variant: dark"},
		{"theme import " + skin, "note: text: #404048 cannot be read on the skin's ground"},
		{"theme list", "night dark your own"},
		{"theme show night", "contrast 4.7"},
		{"config validate", "is good"},
	} {
		out, err := run(strings.Fields(c.args)...)
		if err != nil || !strings.Contains(strings.Join(strings.Fields(out), " "), c.want) {
			t.Errorf("%s: %v\n%s", c.args, err, out)
		}
	}
	raw, err := os.ReadFile(filepath.Join(home, "podarium", "themes", "night.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if th, err := themes.Parse(raw); err != nil || len(themes.Check(th)) > 0 {
		t.Errorf("%v %v", err, themes.Check(th))
	}
	for _, c := range []struct{ args, want string }{
		{"theme show nigt", `do you mean "night"?`},
		{"theme import " + skin, "--force replaces it"},
		{"theme import " + skin + " --name terminal", "built-in"},
		{"theme import " + skin + " --name a/b", "no name for a theme"},
		{"theme import " + skin + " --variant grey", "dark or light"},
		{"theme list -o xml", "table or json"},
		{"config import-k9s " + home + "/none", "name its directory"},
	} {
		if out, err := run(strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\n%s", c.args, err, out)
		}
	}
}
