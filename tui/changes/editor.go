package changes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/podarium/podarium/tui/screen"
)

// TempFile writes a text where only the user can read it, in a directory of its own.
func TempFile(what, name string, text []byte) (string, error) {
	dir, err := os.MkdirTemp("", "podarium-"+what+"-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, name)
	return file, os.WriteFile(file, text, 0o600)
}

// editor is the user's, as kubectl finds it.
func editor() []string {
	for _, name := range []string{"KUBE_EDITOR", "VISUAL", "EDITOR"} {
		if words := strings.Fields(os.Getenv(name)); len(words) > 0 {
			return words
		}
	}
	return []string{"vi"}
}

// InEditor gives the terminal to the user's editor on a file.
func InEditor(s *screen.Scope, file string, then func(error)) {
	words := editor()
	s.Exec(exec.Command(words[0], append(words[1:], file)...), func(err error) {
		if err != nil {
			err = fmt.Errorf("the editor %s: %w", words[0], err)
		}
		then(err)
	})
}
