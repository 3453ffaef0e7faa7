package node

import (
	"strings"
	"testing"
)

func TestParseCatalogue(t *testing.T) {
	c, err := ParseCatalogue([]byte("images: [{match: '*/mine:*', serve: redis, start: 2s}]\nprocesses: [{match: 'mine*', command: [sleep, '1']}]"))
	if err != nil || len(c.Images) != 1 || len(c.Processes) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	all, err := c.InForce()
	if err != nil || len(all.Images) < 10 || all.Images[0].Match != "*/mine:*" || all.Processes[0].Match != "mine*" {
		t.Errorf("in force is %+v, %v", all, err)
	}
	for text, want := range map[string]string{
		"images:\n- match: a\n- match: b\n  pull:\n    tyme: 1s": `line 5: unknown field "tyme"`,
		"":                                  "it is empty",
		"images: [{match: a, colour: red}]": `unknown field "colour"`,
		"images: [{match: a, serve: mail}]": `"mail" is none of`,
		"processes: [{match: a}]":           "entry 1: \"a\": command is missing",
		"image: []":                         `unknown field "image"`,
		"images: [{match: a, start: soon}]": "soon",
		"images: [\n{":                      "line",
		"processes: [{match: a, command: [b], port: 80}]": `unknown field "port"`,
	} {
		if _, err := ParseCatalogue([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error about %s", text, err, want)
		}
	}
}
