package edit

import (
	"errors"
	"strings"
	"testing"
)

// TestReadSaysWhatIsWrong reads what people leave in an editor, and manifests that are none.
func TestReadSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"just some words":              "this is no object",
		"- a\n- b\n":                   "this is no object",
		"\"quoted\"":                   "this is no object",
		"apiVersion: v1\nmetadata: {}": "the field kind is missing",
		"kind: Pod\nkind: Pod\n":       `"kind" already set`,
		"kind: [":                      "yaml: ",
	} {
		_, err := readObject([]byte(text))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "cannot unmarshal") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if o, err := readObject([]byte("# nothing\n")); o != nil || err != nil {
		t.Errorf("of an empty document: %v, %v", o, err)
	}
	if o, err := readObject([]byte("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n")); err != nil || o.GetName() != "web" {
		t.Errorf("%v, %v", o, err)
	}
}
