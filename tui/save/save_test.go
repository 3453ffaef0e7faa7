package save

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCreateNeverWritesOver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "saved", "x")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	first, err := create(dir, "pods", ".csv", text("one"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := create(dir, "pods", ".csv", text("two"))
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Fatalf("both are %s", first)
	}
	got, err := os.ReadFile(first)
	if err != nil || string(got) != "one" {
		t.Errorf("the first holds %q, %v", got, err)
	}
	for path, want := range map[string]os.FileMode{first: 0o600, dir: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %o", path, info.Mode(), err, want)
		}
	}
	broken := errors.New("no room")
	if _, err := create(dir, "half", ".csv", func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a failed write gives %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "half.csv")); !os.IsNotExist(err) {
		t.Errorf("half a file is left: %v", err)
	}
}

func TestCleanNamesStayInTheDirectory(t *testing.T) {
	for name, want := range map[string]string{
		"default": "default", "arn:aws:eks:eu/prod": "arn-aws-eks-eu-prod", "../../etc": "-..-etc", "..": "unnamed", "": "unnamed",
		strings.Repeat("a", 300): strings.Repeat("a", maxName),
	} {
		if got := clean(name); got != want {
			t.Errorf("clean(%q) = %q, want %q", name, got, want)
		}
	}
}
