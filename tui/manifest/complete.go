package manifest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/tui/screen"
)

// flags are those of kubectl apply that are taken.
var flags = []string{"-R", "-k", "--server-side", "--force-conflicts"}

// paths are the entries of the directory that was read last, for completion.
type paths struct {
	dir     string // as it was typed, with its last slash
	names   []string
	reading bool
	read    time.Time
}

// freshFor is how long a directory is taken to have the same entries.
const freshFor = 3 * time.Second

type pathsKey struct{}

// complete offers flags, and paths that can be applied. A directory is read aside, and offered when that is done.
func complete(s *screen.Scope, typed string) []string {
	if strings.HasPrefix(typed, "-") {
		return flags
	}
	p := screen.Service(s, pathsKey{}, func() *paths { return &paths{} })
	dir := typed[:strings.LastIndexByte(typed, '/')+1]
	if strings.Contains(dir, "://") {
		return nil
	}
	if p.dir != dir {
		*p = paths{dir: dir}
	}
	if p.reading || s.Now().Sub(p.read) < freshFor {
		return p.names
	}
	p.reading, p.read = true, s.Now()
	screen.Call(s, "", listTimeout, func(context.Context) ([]string, error) { return entries(dir) }, func(names []string, err error) {
		if p.dir == dir {
			p.names, p.reading = names, false
		}
	})
	return p.names
}

// listTimeout bounds reading a directory.
const listTimeout = 5 * time.Second

// entries are the directories and manifests of a directory, as they would be typed.
func entries(dir string) ([]string, error) {
	list, err := os.ReadDir(filepath.Join(home(dir), "."))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range list {
		switch {
		case strings.HasPrefix(e.Name(), ".") || strings.ContainsAny(e.Name(), " \t"):
		case isDir(home(dir), e):
			names = append(names, dir+e.Name()+"/")
		case slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())):
			names = append(names, dir+e.Name())
		}
	}
	return names, nil
}

// isDir says whether an entry is a directory, or leads to one.
func isDir(dir string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}
