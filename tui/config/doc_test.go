package config

import (
	"os"
	"strings"
	"testing"
)

const docFile = "../../docs/config.md"

// TestDocNamesEveryField holds docs/config.md to the types. PODARIUM_GOLDEN=update writes its table.
func TestDocNamesEveryField(t *testing.T) {
	const begin, end = "<!-- fields -->\n", "<!-- end of fields -->\n"
	raw, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(raw), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks for the table of fields", docFile)
	}
	want := head + begin + Fields() + end + tail
	if os.Getenv("PODARIUM_GOLDEN") == "update" {
		if err := os.WriteFile(docFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(raw) != want {
		t.Error("docs/config.md is not what the types say: make golden-update")
	}
}
