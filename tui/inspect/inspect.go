// Package inspect shows one object as text that stays current: as YAML, and as kubectl describes it.
//
// The text is read again when the object changes (a watch of that one object), lines that changed are marked for a
// moment, and the place in the text is kept. The values of a Secret are masked until they are asked for.
package inspect

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/save"
	"github.com/podarium/podarium/tui/screen"
)

// Module registers the screens of one object.
func Module() screen.Module {
	return screen.Module{
		Name:   "One object",
		Routes: []screen.Route{screen.To(openYAML), screen.To(openDescribe)},
		Keys:   map[string]key.Table{"YAML": yamlKeys(), "Describe": describeKeys()},
	}
}

const (
	readTimeout = 10 * time.Second
	// markFor is how long a changed line stays marked.
	markFor = 2 * time.Second
)

const (
	actDescribe key.Action = "describe"
	actYAML     key.Action = "yaml"
	actEtcd     key.Action = "etcd"
	actEdit     key.Action = "edit"
	actManaged  key.Action = "managed-fields"
	actReveal   key.Action = "reveal"
	actCopy     key.Action = "copy"
)

func describeKeys() key.Table {
	return append(key.Table{
		{Action: actYAML, Keys: []string{"y"}, Hint: "yaml", Help: "YAML", Group: "Open"},
		{Action: actEtcd, Keys: []string{"K"}, Hint: "etcd", Help: "the object's key in etcd", Group: "Open"},
		{Action: actEdit, Keys: []string{"e"}, Hint: "edit", Help: "edit in your editor, with a diff before it is applied", Group: "Change", Changes: true},
		{Action: actCopy, Keys: []string{"c"}, Hint: "copy", Help: "copy the text", Group: "Mark and copy"},
		save.Key("the text"),
	}, pager.Keys()...)
}

func yamlKeys() key.Table {
	return append(key.Table{
		{Action: actDescribe, Keys: []string{"d"}, Hint: "describe", Help: "describe", Group: "Open"},
		{Action: actEtcd, Keys: []string{"K"}, Hint: "etcd", Help: "the object's key in etcd", Group: "Open"},
		{Action: actEdit, Keys: []string{"e"}, Hint: "edit", Help: "edit in your editor, with a diff before it is applied", Group: "Change", Changes: true},
		{Action: actReveal, Keys: []string{"x"}, Hint: "reveal", Help: "show the values of a Secret, decoded, or hide them", Group: "View"},
		{Action: actManaged, Keys: []string{"m"}, Hint: "managed fields", Help: "show who manages which field, or fold it", Group: "View"},
		{Action: actCopy, Keys: []string{"c"}, Hint: "copy", Help: "copy the text", Group: "Mark and copy"},
		save.Key("the text"),
	}, pager.Keys()...)
}

// view is the text of one object.
type view struct {
	scope  *screen.Scope
	object screen.Object
	what   string
	keys   func() key.Table
	// read reads the object, off the UI's goroutine; what it returns lays the text out, on it.
	read func(context.Context) (func() []pager.Line, error)
	// other is the screen behind d or y.
	other screen.Request

	pager    pager.Pager
	reading  bool
	again    bool
	loaded   bool
	err      error
	extra    func(key.Action) bool
	lastText map[string]int
	marked   map[int]bool
}

var (
	_ screen.Screen   = (*view)(nil)
	_ screen.Filterer = (*view)(nil)
	_ screen.Pointer  = (*view)(nil)
	_ screen.Subject  = (*view)(nil)
)

// follow reads at once, and again whenever the object changes.
func (v *view) follow() {
	t := livetable.Open(v.scope.Context(), v.scope.Cluster(), livetable.Query{
		Resource: v.object.Resource, Namespace: v.object.Namespace, FieldSelector: "metadata.name=" + v.object.Name,
	})
	seen := t.Snapshot().Generation
	v.scope.Live(t.Changed(), func() {
		if g := t.Snapshot().Generation; g != seen {
			seen = g
			v.refresh()
		}
	})
	v.refresh()
}

func (v *view) refresh() {
	if v.reading {
		v.again = true
		return
	}
	v.reading = true
	what := "read " + v.object.Name
	if v.loaded {
		what = "" // what is shown is read anew: nobody waits for that
	}
	screen.Call(v.scope, what, readTimeout, v.read, func(layout func() []pager.Line, err error) {
		v.reading, v.err = false, err
		if err == nil {
			v.show(layout())
		}
		if v.again {
			v.again = false
			v.refresh()
		}
	})
}

// show replaces the text and marks the lines that were not in it before.
func (v *view) show(lines []pager.Line) {
	now := map[string]int{}
	v.marked = map[int]bool{}
	before := v.lastText
	left := make(map[string]int, len(before))
	for t, n := range before {
		left[t] = n
	}
	for i, l := range lines {
		t := l.String()
		now[t]++
		if v.loaded && left[t] == 0 && strings.TrimSpace(t) != "" {
			v.marked[i] = true
		}
		left[t]--
	}
	v.lastText, v.loaded = now, true
	plain := lines
	if len(v.marked) > 0 {
		lines = mark(lines, v.marked)
		v.scope.After(markFor, func() {
			if len(v.marked) > 0 {
				v.marked = nil
				v.pager.SetLines(plain)
			}
		})
	}
	v.pager.SetLines(lines)
}

func mark(lines []pager.Line, which map[int]bool) []pager.Line {
	out := make([]pager.Line, len(lines))
	for i, l := range lines {
		if which[i] {
			l = pager.Plain(l.String(), pager.Changed)
		}
		out[i] = l
	}
	return out
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	o := v.object
	p := screen.Place{Crumbs: []string{o.Resource.Resource, o.Name}, Note: v.what}
	if o.Namespace != "" {
		p.Crumbs = append([]string{o.Namespace}, p.Crumbs...)
	}
	if q := v.pager.Query(); q != "" {
		p.Note += fmt.Sprintf("   /%s: %d lines", q, v.pager.Matches())
	}
	switch {
	case v.err != nil:
		p.State = screen.State{Health: screen.Bad, Text: v.err.Error()}
	case !v.loaded:
		p.State = screen.State{Health: screen.Busy, Text: "reading"}
	default:
		p.State = screen.State{Health: screen.Good, Text: "live"}
	}
	return p
}

func (v *view) Keys() key.Table {
	return v.keys().With(v.scope.Handles(screen.EtcdKey{}), actEtcd)
}

func (v *view) Do(a key.Action) {
	if v.pager.Do(a) || (v.extra != nil && v.extra(a)) {
		return
	}
	switch a {
	case actDescribe, actYAML:
		v.scope.Replace(v.other)
	case actEtcd:
		v.scope.Open(screen.EtcdKey{Object: v.object})
	case actEdit:
		changes.EditInEditor(v.scope, v.object)
	case save.Action:
		extension := "txt"
		if v.what == "yaml" {
			extension = "yaml"
		}
		save.Text(v.scope, strings.Trim(v.object.Namespace+"-"+v.object.Resource.Resource+"-"+v.object.Name, "-"), extension, v.pager.Text())
	case actCopy:
		v.scope.Copy(v.pager.Text())
		v.scope.Say(screen.Good, fmt.Sprintf("copied %d lines", v.pager.Len()))
	}
}

func (v *view) Draw(c *canvas.Canvas) {
	v.pager.Draw(c.Cut(2, 0, c.Width()-2, c.Height()), v.scope.Styles())
}

func (v *view) Filter(text string) error {
	v.pager.Search(text)
	return nil
}

func (v *view) FilterText() string            { return v.pager.Query() }
func (v *view) Click(int, int)                {}
func (v *view) Wheel(lines int)               { v.pager.Scroll(lines) }
func (v *view) Object() (screen.Object, bool) { return v.object, true }
