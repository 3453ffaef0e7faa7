// Package save writes what a screen shows to a file.
//
// Files go to one directory for each cluster, $XDG_STATE_HOME/podarium/saved/CLUSTER (~/.local/state where that is unset). Only
// their owner can read them; none is ever written over. What is masked on the screen is masked in the file.
package save

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// timeout bounds the writing of a file.
const timeout = 30 * time.Second

// Action is what ctrl-s asks for.
const Action key.Action = "save"

// Key is the binding of ctrl-s, for the table of a screen that can be saved.
func Key(what string) key.Binding {
	return key.Binding{Action: Action, Keys: []string{"ctrl+s"}, Help: "save " + what + " to a file", Group: "Mark and copy"}
}

// Text saves a text, and says where it is.
func Text(s *screen.Scope, name, extension, text string) {
	file(s, name, extension, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// Table saves rows as comma separated values, and says where they are.
func Table(s *screen.Scope, name string, rows [][]string) {
	file(s, name, "csv", func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
}

// Stream saves what write writes, for texts too long to be made at once, and says where it is. write runs off the UI's goroutine.
func Stream(s *screen.Scope, name, extension string, write func(io.Writer) error) {
	file(s, name, extension, write)
}

func file(s *screen.Scope, name, extension string, write func(io.Writer) error) {
	cluster, now := s.Cluster().Name(), s.Now()
	screen.Call(s, "save "+name, timeout, func(context.Context) (string, error) {
		dir, err := Dir(cluster)
		if err != nil {
			return "", err
		}
		return create(dir, clean(name)+now.Format("-20060102-150405"), "."+extension, write)
	}, func(path string, err error) {
		if err != nil {
			s.Fail(fmt.Errorf("save %s: %w", name, err))
			return
		}
		s.Say(screen.Good, "saved to "+path)
	})
}

// StateDir is podarium's directory for what it remembers: $XDG_STATE_HOME/podarium, else ~/.local/state/podarium.
func StateDir() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%w: set XDG_STATE_HOME to where files go", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "podarium"), nil
}

// Dir is where files of a cluster are saved.
func Dir(cluster string) (string, error) {
	state, err := StateDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(state, "saved", clean(cluster)), nil
}

// create writes a new file, with a number in its name where the name is taken. What could not be written whole is removed.
func create(dir, name, extension string, write func(io.Writer) error) (path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	var f *os.File
	for n := 1; ; n++ {
		path = filepath.Join(dir, name+extension)
		if n > 1 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d%s", name, n, extension))
		}
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// maxName is how much of a name goes into a file's: file systems allow 255 bytes with what is added.
const maxName = 120

// clean is a name as any file system takes it.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, name)
	name = strings.Trim(name, ".")
	if name == "" {
		name = "unnamed"
	}
	return name[:min(len(name), maxName)]
}
