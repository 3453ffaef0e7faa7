package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheManualPageIsCurrent(t *testing.T) {
	root := newRoot()
	root.InitDefaultCompletionCmd()
	var b bytes.Buffer
	if err := writeMan(&b, root); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".SH NAME", "podarium up", "ctrl\\-d", ":deploy", "\\-\\-data\\-dir", "podarium etcd watch", "import\\-k9s"} {
		if !strings.Contains(strings.ReplaceAll(b.String(), "\\-", "-"), strings.ReplaceAll(want, "\\-", "-")) {
			t.Errorf("the page does not tell of %s", want)
		}
	}
	path := filepath.Join("..", "..", "docs", "man", "podarium.1")
	if os.Getenv("PODARIUM_GOLDEN") == "update" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("docs/man/podarium.1 is not what 'podarium man' prints: make golden-update (%v)", err)
	}
	man, err := exec.LookPath("groff")
	if err != nil {
		return
	}
	cmd := exec.Command(man, "-man", "-Tutf8", "-ww", "-z")
	cmd.Stdin = bytes.NewReader(b.Bytes())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff complains: %v\n%.500s", err, out)
	}
}
