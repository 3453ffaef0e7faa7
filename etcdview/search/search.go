// Package search finds keys by their names, by what their decoded values say, or by one field of them.
//
// A search streams through the store: it reports what it finds as it finds it, says how far it is, and ends when its
// context does. Masked Secrets are searched as they are shown.
package search

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
)

// Mode is how a pattern is read.
type Mode string

// The modes of patterns. All ignore case but Exact.
const (
	Substring Mode = "substring"
	Glob      Mode = "glob" // * and ? match within one part of a path; ** matches slashes too
	Regexp    Mode = "regexp"
	Fuzzy     Mode = "fuzzy" // the characters in this order, with others between
	Exact     Mode = "exact"
)

// Query says what to look for. Every part that is set must match.
type Query struct {
	// Key is a pattern for keys, Value one for any line of the decoded value.
	Key, Value string
	// Field is the path of a field, such as spec.nodeName, that Value is matched against instead.
	Field string
	Mode  Mode
	// NotKey turns Key round: keys that do not match it are looked for.
	NotKey bool
	// Prefix of the keys to look at; Revision to look at, 0 for now.
	Prefix   string
	Revision int64
	// Values has values read also where only keys are looked at, so that matches have them.
	Values bool
}

// Match is a key that matches.
type Match struct {
	etcdview.KV
	// Line is the part of the value that matched, empty where only the key was asked about.
	Line string
}

// errStop ends a scan when the receiver has enough.
var errStop = errors.New("enough")

// Check says what is wrong with the patterns of a query.
func (q Query) Check() error {
	for _, p := range []string{q.Key, q.Value} {
		if _, err := matcher(q.Mode, p); err != nil {
			return err
		}
	}
	return nil
}

// Run reports each match until found returns false. Progress, if not nil, is told now and then how many keys were looked
// at.
func Run(ctx context.Context, r etcdview.Reader, q Query, d decode.Options, found func(Match) bool, progress func(seen int64)) error {
	key, err := matcher(q.Mode, q.Key)
	if err != nil {
		return err
	}
	value, err := matcher(q.Mode, q.Value)
	if err != nil {
		return err
	}
	inValue := q.Value != "" || q.Field != ""
	seen := int64(0)
	_, err = r.Scan(ctx, etcdview.PageOptions{Prefix: q.Prefix, Revision: q.Revision, KeysOnly: !inValue && !q.Values}, func(kv etcdview.KV) error {
		if seen++; progress != nil && seen%1000 == 0 {
			progress(seen)
		}
		if key(kv.Key) == (q.NotKey && q.Key != "") {
			return nil
		}
		m := Match{KV: kv}
		if inValue {
			v := decode.Decode(ctx, kv.Key, kv.Value, d)
			var ok bool
			if m.Line, ok = inside(&v, q.Field, value); !ok {
				return nil
			}
		}
		if !found(m) {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// inside matches a decoded value, or a field of it.
func inside(v *decode.Value, field string, match func(string) bool) (string, bool) {
	if field == "" {
		t, err := v.Tree()
		if err != nil {
			return "", false
		}
		return anyLine("", t, match)
	}
	t, err := v.Tree()
	if err != nil {
		return "", false
	}
	for _, f := range Fields(t, field) {
		if s := decode.Format(f); match(s) {
			return field + ": " + strings.TrimSpace(s), true
		}
	}
	return "", false
}

// anyLine finds a line of a tree that matches, as YAML would write it: NAME: VALUE. (To write YAML would take many times
// as long as to decode.)
func anyLine(name string, t any, match func(string) bool) (string, bool) {
	switch t := t.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(t)) {
			if l, ok := anyLine(k+": ", t[k], match); ok {
				return l, true
			}
		}
		return "", false
	case []any:
		for _, e := range t {
			if l, ok := anyLine("- ", e, match); ok {
				return l, true
			}
		}
		return "", false
	}
	for l := range strings.Lines(decode.Format(t)) {
		if l = name + strings.TrimSpace(l); match(l) {
			return l, true
		}
	}
	return "", false
}

// Fields are the values at a path in a tree, written as diffs write it: spec.containers[web].image is that of one element,
// spec.containers[0].image that at a place, spec.containers.image those of all; names with dots stand in brackets, as in
// metadata.labels[app.kubernetes.io/name].
func Fields(tree any, field string) []any {
	at := []any{tree}
	for _, p := range parts(field) {
		var next []any
		for _, t := range at {
			next = append(next, p.of(t)...)
		}
		at = next
	}
	var out []any
	for _, t := range at {
		if l, ok := t.([]any); ok {
			out = append(out, l...)
		} else {
			out = append(out, t)
		}
	}
	return out
}

// part is one step of a path.
type part struct {
	name     string
	brackets bool
}

// parts cuts a path at its dots, but for those within brackets.
func parts(field string) []part {
	var out []part
	for field != "" {
		end, brackets := strings.IndexAny(field, ".["), field[0] == '['
		if brackets {
			field = field[1:]
			end = strings.IndexByte(field, ']')
		}
		if end < 0 {
			end = len(field)
		}
		if name := field[:end]; name != "" {
			out = append(out, part{name, brackets})
		}
		field = field[end:]
		if brackets {
			field = strings.TrimPrefix(field, "]")
		}
		field = strings.TrimPrefix(field, ".")
	}
	return out
}

// of is what a step leads to: nothing, one value, or the field of all elements of a list.
func (p part) of(t any) []any {
	switch t := t.(type) {
	case map[string]any:
		if v, ok := t[p.name]; ok {
			return []any{v}
		}
	case []any:
		if p.brackets {
			if e, ok := diff.Element(t, p.name); ok {
				return []any{e}
			}
			return nil
		}
		var all []any
		for _, e := range t {
			all = append(all, p.of(e)...)
		}
		return all
	}
	return nil
}

// matcher compiles a pattern. An empty one matches all.
func matcher(mode Mode, pattern string) (func(string) bool, error) {
	if pattern == "" {
		return func(string) bool { return true }, nil
	}
	low := strings.ToLower(pattern)
	switch mode {
	case Exact:
		return func(s string) bool { return s == pattern }, nil
	case "", Substring:
		return func(s string) bool { return strings.Contains(strings.ToLower(s), low) }, nil
	case Fuzzy:
		return func(s string) bool { return fuzzy(low, strings.ToLower(s)) }, nil
	case Regexp:
		re, err := regexp.Compile("(?i)" + pattern)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		return re.MatchString, nil
	case Glob:
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		re, err := regexp.Compile(globExpression(pattern))
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		return re.MatchString, nil
	}
	return nil, fmt.Errorf("search mode %q: not one of substring, glob, regexp, fuzzy, exact", mode)
}

// globExpression is a glob as a regular expression. It must match the whole string.
func globExpression(glob string) string {
	var b strings.Builder
	b.WriteString("(?is)^")
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case strings.HasPrefix(glob[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString("$")
	return b.String()
}

func fuzzy(pattern, s string) bool {
	for _, r := range pattern {
		i := strings.IndexRune(s, r)
		if i < 0 {
			return false
		}
		s = s[i+1:]
	}
	return true
}
