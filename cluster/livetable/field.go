package livetable

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

// Field is a column of the user's own: what a JSONPath finds in each object. A table with fields has the server send whole
// objects, keeps what the paths find, and drops the rest.
type Field struct {
	Name string
	// Path is a JSONPath as kubectl's custom-columns take it: .metadata.labels.app, {.status.podIP}, spec.nodeName.
	Path string
	// Time says that the path finds times, as Column.Time.
	Time bool
}

// Check says what is wrong with the path.
func (f Field) Check() error {
	_, err := f.compile()
	return err
}

func (f Field) compile() (*jsonpath.JSONPath, error) {
	path := strings.TrimSpace(f.Path)
	switch {
	case path == "":
		return nil, fmt.Errorf("column %s has no path", f.Name)
	case strings.HasPrefix(path, "{"):
	case strings.HasPrefix(path, "."), strings.HasPrefix(path, "["):
		path = "{" + path + "}"
	default:
		path = "{." + path + "}"
	}
	j := jsonpath.New(f.Name).AllowMissingKeys(true)
	if err := j.Parse(path); err != nil {
		return nil, fmt.Errorf("column %s: %s is not a JSONPath: %w", f.Name, f.Path, err)
	}
	return j, nil
}

func (f Field) column() Column { return Column{Name: f.Name, Type: "string", Time: f.Time} }

// fields finds the cells of some fields. It is not safe for use by several goroutines.
type fields struct {
	columns []Column
	paths   []*jsonpath.JSONPath // nil for one that cannot be read, whose cells stay empty
}

func newFields(list []Field) fields {
	var f fields
	for _, one := range list {
		path, err := one.compile()
		if err != nil {
			path = nil
		}
		f.columns, f.paths = append(f.columns, one.column()), append(f.paths, path)
	}
	return f
}

// cells are the cells of an object, as JSON.
func (f *fields) cells(object []byte, intern func([]byte) string) ([]Cell, error) {
	var o map[string]any
	if err := json.Unmarshal(object, &o); err != nil {
		return nil, err
	}
	cells := make([]Cell, len(f.paths))
	for i, path := range f.paths {
		if path == nil {
			continue
		}
		found, err := path.FindResults(o)
		if err != nil {
			continue // the object has nothing there
		}
		cells[i] = cellOf(found, intern)
	}
	return cells, nil
}

// cellOf is what was found as a cell: several values with commas between them.
func cellOf(found [][]reflect.Value, intern func([]byte) string) Cell {
	var texts []string
	var only any
	for _, list := range found {
		for _, v := range list {
			if !v.IsValid() || !v.CanInterface() {
				continue
			}
			only = v.Interface()
			texts = append(texts, textOf(only))
		}
	}
	c := Cell{Text: intern(printable([]byte(strings.Join(texts, ","))))}
	if len(texts) == 1 {
		switch n := only.(type) {
		case float64, bool:
			c.Value = n
		}
	}
	return c
}

// textOf is a value as people write it: a text as it stands, all else as JSON.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
