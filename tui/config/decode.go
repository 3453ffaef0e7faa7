package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place is where something stands.
type place struct {
	file         string
	line, column int
}

// decoder puts YAML into a value as its type says, strictly, and remembers where each thing stood.
type decoder struct {
	file     string
	at       map[string]place // by path
	problems Problems
}

// syntaxError finds the line in what the YAML parser says.
var syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func (d *decoder) decode(raw []byte, into any) {
	docs := yaml.NewDecoder(bytes.NewReader(raw))
	var doc, more yaml.Node
	switch err := docs.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return // an empty file says nothing
	case err != nil:
		d.syntax(err)
		return
	}
	if err := docs.Decode(&more); !errors.Is(err, io.EOF) {
		d.problem(&more, "a second document: put everything into the first one")
		return
	}
	d.value(doc.Content[0], reflect.ValueOf(into).Elem(), nil)
}

func (d *decoder) syntax(err error) {
	p := Problem{File: d.file, Text: err.Error()}
	if m := syntaxError.FindStringSubmatch(err.Error()); m != nil {
		p.Text = "not YAML: " + m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			p.Line, p.Column = n, 1
		} else {
			p.Line, p.Column = 1, 1
		}
	}
	d.problems = append(d.problems, p)
}

func (d *decoder) problem(n *yaml.Node, text string) {
	d.problems = append(d.problems, Problem{File: d.file, Line: n.Line, Column: n.Column, Text: text})
}

func pathKey(path []string) string { return strings.Join(path, "\x00") }

func (d *decoder) value(n *yaml.Node, v reflect.Value, path []string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if _, ok := d.at[pathKey(path)]; !ok || len(path) == 0 {
		d.at[pathKey(path)] = place{d.file, n.Line, n.Column}
	}
	if n.Tag == "!!null" {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.fields(n, v, path)
	case reflect.Map:
		d.entries(n, v, path)
	case reflect.Slice:
		d.items(n, v, path)
	default:
		d.scalar(n, v)
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.problem(n, "give one value here, not "+kindOf(n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		var b bool
		if err := n.Decode(&b); err != nil {
			d.problem(n, fmt.Sprintf("%q is neither true nor false", n.Value))
			return
		}
		v.SetBool(b)
	case reflect.Int:
		i, err := strconv.Atoi(n.Value)
		if err != nil {
			d.problem(n, fmt.Sprintf("%q is not a number", n.Value))
			return
		}
		v.SetInt(int64(i))
	default:
		panic("config: no such type in Config: " + v.Type().String())
	}
}

// items decodes a list; a single value is a list of one.
func (d *decoder) items(n *yaml.Node, v reflect.Value, path []string) {
	nodes := n.Content
	switch {
	case n.Kind == yaml.ScalarNode && v.Type().Elem().Kind() == reflect.String:
		nodes = []*yaml.Node{n}
	case n.Kind != yaml.SequenceNode:
		d.problem(n, "give a list here, not "+kindOf(n))
		return
	}
	list := reflect.MakeSlice(v.Type(), len(nodes), len(nodes))
	for i, item := range nodes {
		d.value(item, list.Index(i), append(path[:len(path):len(path)], strconv.Itoa(i)))
	}
	v.Set(list)
}

func (d *decoder) entries(n *yaml.Node, v reflect.Value, path []string) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	d.pairs(n, func(k, val *yaml.Node) {
		entry := reflect.New(v.Type().Elem()).Elem()
		at := append(path[:len(path):len(path)], k.Value)
		if old := v.MapIndex(reflect.ValueOf(k.Value)); old.IsValid() {
			if was, ok := d.at[pathKey(at)]; ok && entry.Kind() != reflect.Map {
				d.problem(k, fmt.Sprintf("%q stands twice: it is in %s, line %d, too", k.Value, was.file, was.line))
				return
			}
			if entry.Kind() == reflect.Map {
				entry.Set(old)
			}
		}
		d.at[pathKey(at)] = place{d.file, k.Line, k.Column}
		d.value(val, entry, at)
		v.SetMapIndex(reflect.ValueOf(k.Value), entry)
	})
}

func (d *decoder) fields(n *yaml.Node, v reflect.Value, path []string) {
	names, byName := fieldsOf(v.Type())
	given := map[string]bool{}
	d.pairs(n, func(k, val *yaml.Node) {
		i, ok := byName[k.Value]
		if !ok {
			d.problem(k, Unknown("field", k.Value, names))
			return
		}
		given[k.Value] = true
		at := append(path[:len(path):len(path)], k.Value)
		d.value(val, v.Field(i), at)
	})
	for _, name := range names {
		if f := v.Type().Field(byName[name]); f.Tag.Get("required") == "true" && n.Kind == yaml.MappingNode && !given[name] {
			d.problem(n, fmt.Sprintf("%s is missing: %s", name, f.Tag.Get("help")))
		}
	}
}

// fieldsOf are a struct's fields by their names in YAML, in their order.
func fieldsOf(t reflect.Type) (names []string, byName map[string]int) {
	byName = map[string]int{}
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("yaml")
		names, byName[name] = append(names, name), i
	}
	return names, byName
}

// pairs calls f with each key and value of a mapping, once for each key, and follows merges (<<).
func (d *decoder) pairs(n *yaml.Node, f func(k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.problem(n, "give names and values here, not "+kindOf(n))
		return
	}
	seen := map[string]*yaml.Node{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Tag == "!!merge" {
			merged = append(merged, v)
			continue
		}
		if k.Kind != yaml.ScalarNode {
			d.problem(k, "give a name here, not "+kindOf(k))
			continue
		}
		if first, ok := seen[k.Value]; ok {
			d.problem(k, fmt.Sprintf("%q stands twice: it is in line %d too", k.Value, first.Line))
			continue
		}
		seen[k.Value] = k
		f(k, v)
	}
	for _, m := range merged {
		if m.Kind == yaml.AliasNode {
			m = m.Alias
		}
		d.pairs(m, func(k, v *yaml.Node) {
			if _, ok := seen[k.Value]; !ok {
				f(k, v)
			}
		})
	}
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "names and values"
	case yaml.SequenceNode:
		return "a list"
	default:
		return fmt.Sprintf("%q", n.Value)
	}
}
