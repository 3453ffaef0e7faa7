package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// choices are the columns that the user has chosen on the screen, by table, in the form of a view of the configuration. They
// go before that, and are remembered in a file of the state directory. A choices belongs to the UI's goroutine.
type choices struct {
	dir    string // empty where nothing is remembered
	of     map[string][]string
	tables []*view // to be told
}

type choicesKey struct{}

// choicesFile is the file in the state directory.
const choicesFile = "columns.yaml"

const fileTimeout = 5 * time.Second

// choicesOf are those that all tables share, read from the file by the first one that asks.
func choicesOf(s *screen.Scope) *choices {
	return screen.Service(s, choicesKey{}, func() *choices {
		return &choices{dir: session.Of(s).StateDir, of: nil}
	})
}

// follow tells a table of what is chosen, now and later, until it is closed.
func (c *choices) follow(s *screen.Scope, v *view) {
	c.tables = append(c.tables, v)
	v.closers = append(v.closers, func() { c.tables = slices.DeleteFunc(c.tables, func(o *view) bool { return o == v }) })
	if c.of != nil || c.dir == "" {
		return
	}
	screen.Poll(s, fileTimeout, func(context.Context) (map[string][]string, error) {
		return readChoices(c.dir)
	}, func(of map[string][]string, err error) {
		if err != nil {
			s.Fail(err)
			of = map[string][]string{}
		}
		if c.of == nil {
			c.of = of
			c.tell()
		}
	})
}

func (c *choices) tell() {
	for _, v := range slices.Clone(c.tables) {
		v.Configured()
	}
}

// choose takes other columns for a table, and remembers them; none brings back the table's own.
func (c *choices) choose(s *screen.Scope, table string, columns []string) {
	if c.of == nil {
		c.of = map[string][]string{}
	}
	if c.of[table] = columns; len(columns) == 0 {
		delete(c.of, table)
	}
	c.tell()
	if c.dir == "" {
		return
	}
	screen.Call(s, "remember the columns", fileTimeout, func(context.Context) (struct{}, error) {
		return struct{}{}, writeChoice(c.dir, table, columns)
	}, func(_ struct{}, err error) {
		if err != nil {
			s.Fail(fmt.Errorf("the columns are not remembered: %w", err))
		}
	})
}

func readChoices(dir string) (map[string][]string, error) {
	of := map[string][]string{}
	raw, err := os.ReadFile(filepath.Join(dir, choicesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return of, nil
	}
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(raw, &of); err != nil {
		return nil, fmt.Errorf("%s: %w: remove it to begin anew", filepath.Join(dir, choicesFile), err)
	}
	return of, nil
}

// writeChoice puts one table's columns into the file as it is now, which another podarium may have written.
func writeChoice(dir, table string, columns []string) error {
	of, err := readChoices(dir)
	if err != nil {
		return err
	}
	if of[table] = columns; len(columns) == 0 {
		delete(of, table)
	}
	raw, err := yaml.Marshal(of)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, choicesFile+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, choicesFile))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// tableName is what a table is called in the file, and the first of the names that the configuration may call it by.
func (v *view) tableName() string {
	if v.spec != nil {
		return v.spec.Name
	}
	r := v.kind.Resource
	return strings.TrimPrefix(r.Group+"/"+r.Version+"/"+r.Resource, "/")
}

func (v *view) tableNames() []string {
	names := []string{v.tableName(), v.kind.Resource.Resource}
	if v.spec == nil {
		names = append(append(names, v.kind.Singular, v.kind.Kind, v.kind.Resource.GroupResource().String()), v.kind.Short...)
	}
	return names
}

// wanted are the columns that the user wants, nil for the table's own, and what it is sorted by.
func (v *view) wantedColumns() (columns []config.Column, sorted string, down bool) {
	view, _ := v.session.Config().ViewFor(v.tableNames(), v.request.Namespace)
	sorted, down = view.Sort()
	if chosen := v.choices.of[v.tableName()]; len(chosen) > 0 {
		view.Columns = chosen
	}
	return view.Parse(), sorted, down
}
