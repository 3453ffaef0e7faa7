// Package saved lists the files that were saved from the screens of a cluster, and shows them.
package saved

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/save"
	"github.com/podarium/podarium/tui/screen"
)

// Files asks for the list.
type Files struct{}

const (
	timeout = 5 * time.Second
	// most is how much of a file is shown.
	most = 1 << 20
)

const (
	actShow key.Action = "show"
	actPath key.Action = "copy.path"
)

func keys() key.Table {
	return key.Table{
		{Action: actShow, Keys: []string{"v"}, Hint: "show", Help: "show the file", Group: "Open"},
		{Action: actPath, Keys: []string{"y"}, Hint: "copy path", Help: "copy where the file is", Group: "Mark and copy"},
	}
}

// Module registers the list.
func Module() screen.Module {
	return screen.Module{
		Name:   "Saved files",
		Routes: []screen.Route{screen.To(open)},
		Commands: []screen.Command{{Names: []string{"saved", "sd", "screendump", "screendumps"}, Help: "the files saved with ctrl-s", Run: func(*screen.Scope, string) (screen.Request, error) {
			return Files{}, nil
		}}},
		Keys: map[string]key.Table{"Saved files": keys()},
	}
}

func open(s *screen.Scope, _ Files) (screen.Screen, error) {
	dir, err := save.Dir(s.Cluster().Name())
	if err != nil {
		return nil, err
	}
	return list(s, dir)
}

func list(s *screen.Scope, dir string) (screen.Screen, error) {
	t := livetable.NewMade([]livetable.Column{{Name: "Name"}, {Name: "Size", Type: "integer"}, {Name: "Age", Age: true}})
	read := func() {
		screen.Call(s, "read "+dir, timeout, func(context.Context) ([]*livetable.Row, error) { return rows(dir) },
			func(rows []*livetable.Row, err error) { t.Set(rows, err == nil, err) })
	}
	read()
	show := func(r *livetable.Row) {
		screen.Call(s, "read "+r.Name, timeout, func(context.Context) ([]pager.Line, error) { return lines(filepath.Join(dir, r.Name)) },
			func(lines []pager.Line, err error) {
				if err != nil {
					s.Fail(err)
					return
				}
				s.Ask(dialog.NewText(s, r.Name, lines))
			})
	}
	return resource.New(s, resource.Spec{
		Name: "saved", Note: dir, Source: t, Keys: keys(), Order: "Age", Firm: []string{"Size"},
		Empty: "nothing was saved from this cluster yet: ctrl-s saves what a screen shows",
		Enter: func(r *livetable.Row) screen.Request {
			show(r)
			return nil
		},
		Do: func(a key.Action, rows []*livetable.Row) bool {
			if len(rows) == 0 {
				return false
			}
			switch a {
			case actShow:
				show(rows[0])
			case actPath:
				path := filepath.Join(dir, rows[0].Name)
				s.Copy(path)
				s.Say(screen.Good, "copied "+path)
			default:
				return false
			}
			return true
		},
	})
}

// rows are the files of a directory, which need not exist.
func rows(dir string) ([]*livetable.Row, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []*livetable.Row
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // it went meanwhile, or is none of ours
		}
		out = append(out, &livetable.Row{
			UID: types.UID(e.Name()), Name: e.Name(), Created: info.ModTime(),
			Cells: []livetable.Cell{{Text: e.Name()}, {Text: fmt.Sprint(info.Size()), Value: info.Size()}, {}},
		})
	}
	return out, nil
}

// lines are the first lines of a file, as many as are worth looking at here.
func lines(path string) ([]pager.Line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	cut := len(raw) > most
	if cut {
		raw = raw[:most]
	}
	var out []pager.Line
	for _, l := range bytes.Split(bytes.TrimRight(raw, "\n"), []byte("\n")) {
		out = append(out, pager.Plain(strings.ToValidUTF8(string(l), "?"), nil))
	}
	if cut {
		out = append(out, pager.Plain(fmt.Sprintf("… the file goes on: %s", path), pager.Muted))
	}
	return out, nil
}
