// Package diff compares two decoded values by what they mean rather than by their lines: each change has the path of
// the field, elements of lists are matched by their names, and metadata.managedFields, which change with every write,
// are folded into one note unless asked for.
//
// Values are trees as package decode makes them: maps, lists, strings, json.Numbers, bools, nil. Other values are
// compared by their JSON. The result depends on the trees alone and is in a stable order.
package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Op is what happened to a field.
type Op string

// The kinds of change.
const (
	Added   Op = "added"
	Removed Op = "removed"
	Changed Op = "changed"
)

// Change is one field that differs.
type Change struct {
	// Path is the field's, such as spec.template.spec.containers[web].image.
	Path string `json:"path"`
	Op   Op     `json:"op"`
	// Old and New are the field's values, nil where it was added or removed.
	Old any `json:"old,omitempty"`
	New any `json:"new,omitempty"`
	// Folded stands for all changes under Path, which are not listed.
	Folded bool `json:"folded,omitempty"`
}

// String is the change on one line.
func (c Change) String() string {
	switch {
	case c.Folded:
		return c.Path + " changed"
	case c.Op == Added:
		return "+ " + c.Path + ": " + Short(c.New)
	case c.Op == Removed:
		return "- " + c.Path + ": " + Short(c.Old)
	}
	return c.Path + ": " + Short(c.Old) + " → " + Short(c.New)
}

// Options say what to leave out. The zero value folds managedFields.
type Options struct {
	// ManagedFields compares metadata.managedFields like any other field.
	ManagedFields bool
}

// Trees lists what turns the value a into b, in the order of paths.
func Trees(a, b any, o Options) []Change {
	d := differ{o: o}
	d.compare("", a, b)
	return d.changes
}

// maxDepth bounds recursion; what lies deeper is compared as a whole.
const maxDepth = 200

type differ struct {
	o       Options
	depth   int
	changes []Change
}

func (d *differ) compare(path string, a, b any) {
	if path == "metadata.managedFields" && !d.o.ManagedFields {
		if !equal(a, b) {
			d.changes = append(d.changes, Change{Path: path, Op: Changed, Folded: true})
		}
		return
	}
	d.depth++
	defer func() { d.depth-- }()
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok && d.depth < maxDepth {
			d.maps(path, a, b)
			return
		}
	case []any:
		if b, ok := b.([]any); ok && d.depth < maxDepth {
			d.lists(path, a, b)
			return
		}
	}
	if !equal(a, b) {
		d.changes = append(d.changes, Change{Path: root(path), Op: Changed, Old: a, New: b})
	}
}

func (d *differ) maps(path string, a, b map[string]any) {
	keys := slices.Sorted(maps.Keys(a))
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		p := join(path, k)
		av, inA := a[k]
		bv, inB := b[k]
		switch {
		case !inA:
			d.added(p, bv)
		case !inB:
			d.removed(p, av)
		default:
			d.compare(p, av, bv)
		}
	}
}

func (d *differ) added(path string, v any) {
	if path == "metadata.managedFields" && !d.o.ManagedFields {
		d.changes = append(d.changes, Change{Path: path, Op: Changed, Folded: true})
		return
	}
	d.changes = append(d.changes, Change{Path: path, Op: Added, New: v})
}

func (d *differ) removed(path string, v any) {
	if path == "metadata.managedFields" && !d.o.ManagedFields {
		d.changes = append(d.changes, Change{Path: path, Op: Changed, Folded: true})
		return
	}
	d.changes = append(d.changes, Change{Path: path, Op: Removed, Old: v})
}

// identities are the fields by which the elements of Kubernetes' lists are known, the most telling first.
var identities = []string{"name", "uid", "type", "key", "containerPort", "port", "ip", "mountPath", "topologyKey", "manager", "id"}

func (d *differ) lists(path string, a, b []any) {
	if field, ok := identity(a, b); ok {
		d.named(path, field, a, b)
		return
	}
	d.sequence(path, a, b)
}

// identity finds the field that tells the elements of both lists apart.
func identity(a, b []any) (string, bool) {
	for _, f := range identities {
		if distinct(a, f) && distinct(b, f) {
			return f, true
		}
	}
	return "", false
}

// Element is the element of a list that a path has in brackets: the one of that name, or else the one at that place.
func Element(list []any, id string) (any, bool) {
	if field, ok := identity(list, list); ok {
		for _, e := range list {
			if x, _ := scalar(e.(map[string]any)[field]); x == id {
				return e, true
			}
		}
	}
	if i, err := strconv.Atoi(id); err == nil && i >= 0 && i < len(list) {
		return list[i], true
	}
	return nil, false
}

func distinct(list []any, field string) bool {
	seen := make(map[string]bool, len(list))
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return false
		}
		id, ok := scalar(m[field])
		if !ok || seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return string(v), true
	}
	return "", false
}

func (d *differ) named(path, field string, a, b []any) {
	index := func(list []any) (map[string]any, []string) {
		m, order := map[string]any{}, []string(nil)
		for _, e := range list {
			id, _ := scalar(e.(map[string]any)[field])
			m[id], order = e, append(order, id)
		}
		return m, order
	}
	am, ao := index(a)
	bm, bo := index(b)
	for _, id := range ao {
		if bv, ok := bm[id]; ok {
			d.compare(element(path, id), am[id], bv)
		} else {
			d.removed(element(path, id), am[id])
		}
	}
	for _, id := range bo {
		if _, ok := am[id]; !ok {
			d.added(element(path, id), bm[id])
		}
	}
	same := func(order []string, other map[string]any) []string {
		return slices.DeleteFunc(slices.Clone(order), func(id string) bool { _, ok := other[id]; return !ok })
	}
	if x, y := same(ao, bm), same(bo, am); !slices.Equal(x, y) {
		d.changes = append(d.changes, Change{Path: root(path) + " (order)", Op: Changed, Old: strings.Join(x, ", "), New: strings.Join(y, ", ")})
	}
}

// sequence compares lists whose elements have no names: equal heads and tails are left out, and what lies between is
// compared in pairs.
func (d *differ) sequence(path string, a, b []any) {
	head := 0
	for head < len(a) && head < len(b) && equal(a[head], b[head]) {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && equal(a[len(a)-1-tail], b[len(b)-1-tail]) {
		tail++
	}
	ma, mb := a[head:len(a)-tail], b[head:len(b)-tail]
	for i := range max(len(ma), len(mb)) {
		p := element(path, strconv.Itoa(head+i))
		switch {
		case i >= len(ma):
			d.added(p, mb[i])
		case i >= len(mb):
			d.removed(p, ma[i])
		default:
			d.compare(p, ma[i], mb[i])
		}
	}
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

func root(path string) string {
	if path == "" {
		return "(value)"
	}
	return path
}

// join extends a path by a field. Names that are no simple identifiers, such as label keys, stand in brackets.
func join(path, field string) string {
	if field == "" || strings.ContainsAny(field, "./[] ") {
		return path + "[" + field + "]"
	}
	if path == "" {
		return field
	}
	return path + "." + field
}

func element(path, id string) string { return path + "[" + id + "]" }

// Short is a value in at most some 60 characters: scalars as they are, others as JSON cut off.
func Short(v any) string {
	var s string
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if v == "" {
			return `""`
		}
		s = v
	default:
		b, err := json.Marshal(v)
		if err != nil {
			s = fmt.Sprint(v)
		} else {
			s = string(b)
		}
	}
	s = strings.Join(strings.Fields(s), " ")
	const longest = 60
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest-1]) + "…"
	}
	return s
}
