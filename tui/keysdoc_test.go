package tui

import (
	"os"
	"testing"

	"github.com/podarium/podarium/tui/config"
)

const keysFile = "../docs/keys.md"

// TestKeysDoc holds docs/keys.md to the tables. PODARIUM_GOLDEN=update writes it.
func TestKeysDoc(t *testing.T) {
	if os.Getenv("PODARIUM_GOLDEN") == "update" {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(keysFile, []byte(KeysDoc(config.Parse("", nil))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(keysFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != KeysDoc(config.Parse("", nil)) {
		t.Error("docs/keys.md is not what the key tables say: make golden-update")
	}
}
