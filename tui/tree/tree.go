// Package tree shows how objects hang together: the owners above an object, what it owns and uses below, and a table of
// what uses it. It is read again when a Pod of the namespace changes.
package tree

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/related"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/save"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// Kind asks for the trees of all objects of a kind in a namespace, or in all where it is empty.
type Kind struct {
	Resource  session.Kind
	Namespace string
}

// Module registers the screens.
func Module() screen.Module {
	return screen.Module{
		Name:   "Tree",
		Routes: []screen.Route{screen.To(openObject), screen.To(openKind), screen.To(openUsedBy)},
		Commands: []screen.Command{{
			Names: []string{"xray", "x", "tree"}, Help: "owners and dependants as a tree: xray deploy, xray svc NAMESPACE, xray deploy all",
			Complete: complete, Run: run,
		}},
		Keys: map[string]key.Table{"Tree": keys()},
	}
}

const (
	readTimeout = 30 * time.Second
	// rest is how long the tree is left alone after it was read, however much changes.
	rest = 2 * time.Second
)

const (
	actDown     key.Action = "down"
	actUp       key.Action = "up"
	actPageDown key.Action = "page-down"
	actPageUp   key.Action = "page-up"
	actTop      key.Action = "top"
	actBottom   key.Action = "bottom"
	actFold     key.Action = "fold"
	actEnter    key.Action = "enter"
	actTree     key.Action = "tree"
	actDescribe key.Action = "describe"
	actYAML     key.Action = "yaml"
	actLogs     key.Action = "logs"
	actEtcd     key.Action = "etcd"
	actCopy     key.Action = "copy"
)

func keys() key.Table {
	return key.Table{
		{Action: actEnter, Keys: []string{"enter"}, Hint: "open", Help: "the object in the table of its kind", Group: "Open"},
		{Action: actTree, Keys: []string{"T"}, Hint: "its tree", Help: "the tree of the object under the cursor alone", Group: "Open"},
		{Action: actDescribe, Keys: []string{"d"}, Hint: "describe", Help: "describe", Group: "Open"},
		{Action: actYAML, Keys: []string{"y"}, Hint: "yaml", Help: "YAML", Group: "Open"},
		{Action: actLogs, Keys: []string{"l"}, Hint: "logs", Help: "logs of the Pod, or of all Pods of the workload", Group: "Open"},
		{Action: actEtcd, Keys: []string{"K"}, Hint: "etcd", Help: "the object's key in etcd", Group: "Open"},
		{Action: actFold, Keys: []string{"space"}, Hint: "fold", Help: "fold what is below, or unfold it", Group: "View"},
		{Action: actCopy, Keys: []string{"c"}, Help: "copy the name", Group: "Mark and copy"},
		save.Key("the tree"),
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
		{Action: actPageDown, Keys: []string{"ctrl+f", "pgdown"}, Help: "a page down", Group: "Move"},
		{Action: actPageUp, Keys: []string{"ctrl+b", "pgup"}, Help: "a page up", Group: "Move"},
		{Action: actTop, Keys: []string{"g", "home"}, Help: "to the top", Group: "Move"},
		{Action: actBottom, Keys: []string{"G", "end"}, Help: "to the end", Group: "Move"},
	}
}

// view is the tree of one object, or of all of a kind.
type view struct {
	scope     *screen.Scope
	session   *session.Session
	crumbs    []string
	namespace string
	build     func(*related.Graph) []*node

	roots   []*node
	lines   []line
	unread  int
	loaded  bool
	err     error
	cursor  string
	folded  map[string]bool
	filter  string
	top     int
	height  int
	reading bool
	again   bool
}

var (
	_ screen.Screen   = (*view)(nil)
	_ screen.Subject  = (*view)(nil)
	_ screen.Filterer = (*view)(nil)
	_ screen.Pointer  = (*view)(nil)
)

func ref(o screen.Object) related.Ref {
	return related.Ref{Resource: o.Resource, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, UID: o.UID}
}

func openObject(s *screen.Scope, r screen.Tree) (screen.Screen, error) {
	crumbs := []string{r.Resource.Resource, r.Name, "tree"}
	if r.Namespace != "" {
		crumbs = append([]string{r.Namespace}, crumbs...)
	}
	return follow(&view{scope: s, crumbs: crumbs, namespace: r.Namespace, build: func(g *related.Graph) []*node { return ofObject(g, ref(r.Object)) }}), nil
}

func openKind(s *screen.Scope, r Kind) (screen.Screen, error) {
	ns := r.Namespace
	if ns == "" {
		ns = "all"
	}
	return follow(&view{scope: s, crumbs: []string{ns, r.Resource.Resource.Resource, "tree"}, namespace: r.Namespace, build: func(g *related.Graph) []*node {
		var roots []*node
		for _, o := range g.Of(r.Resource.Resource) {
			roots = append(roots, below(g, o, map[string]bool{}))
		}
		return roots
	}}), nil
}

// follow reads, and reads again when a Pod changes.
func follow(v *view) *view {
	v.session, v.folded = session.Of(v.scope), map[string]bool{}
	t := livetable.Open(v.scope.Context(), v.scope.Cluster(), livetable.Query{Resource: pods, Namespace: v.namespace})
	v.scope.Live(t.Changed(), v.read)
	v.read()
	return v
}

func (v *view) read() {
	if v.reading {
		v.again = true
		return
	}
	v.reading = true
	c, ns := v.scope.Cluster(), v.namespace
	screen.Call(v.scope, "read what hangs together", readTimeout, func(ctx context.Context) (*related.Graph, error) {
		return related.Read(ctx, c, ns)
	}, func(g *related.Graph, err error) {
		if v.err = err; err == nil {
			v.show(g)
		}
		v.scope.After(rest, func() {
			v.reading = false
			if v.again {
				v.again = false
				v.read()
			}
		})
	})
}

func (v *view) show(g *related.Graph) {
	v.roots, v.unread, v.loaded = v.build(g), len(g.Unread), true
	v.lay()
}

// lay makes the lines of what is not folded and not filtered away.
func (v *view) lay() {
	v.lines = nil
	for _, r := range v.roots {
		v.lines = append(v.lines, layout(r, v.folded, strings.ToLower(v.filter))...)
	}
	if v.at() < 0 && len(v.lines) > 0 {
		v.cursor = v.lines[0].id
	}
}

func (v *view) at() int {
	for i, l := range v.lines {
		if l.id == v.cursor {
			return i
		}
	}
	return -1
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	p := screen.Place{Crumbs: v.crumbs}
	var notes []string
	if v.loaded {
		notes = append(notes, fmt.Sprintf("%d objects", len(v.lines)))
	}
	if v.unread > 0 {
		notes = append(notes, fmt.Sprintf("%d kinds could not be read", v.unread))
	}
	if v.filter != "" {
		notes = append(notes, "/"+v.filter)
	}
	p.Note = strings.Join(notes, "   ")
	faults := 0
	for _, l := range v.lines {
		if l.health >= screen.Poor {
			faults++
		}
	}
	switch {
	case v.err != nil:
		p.State = screen.Failure(v.err)
	case !v.loaded:
		p.State = screen.State{Health: screen.Busy, Text: "reading"}
	case faults > 0:
		p.State = screen.State{Health: screen.Poor, Text: fmt.Sprintf("%d not well", faults)}
	default:
		p.State = screen.State{Health: screen.Good, Text: "all well"}
	}
	return p
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table {
	return keys().With(v.scope.Handles(screen.EtcdKey{}), actEtcd).With(v.scope.Handles(screen.Logs{}), actLogs)
}

// Object implements screen.Subject.
func (v *view) Object() (screen.Object, bool) {
	i := v.at()
	if i < 0 || v.lines[i].missing {
		return screen.Object{}, false
	}
	r := v.lines[i].ref
	return screen.Object{Resource: r.Resource, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name, UID: r.UID}, r.Resource.Resource != ""
}

// Filter implements screen.Filterer: what holds the text, with all that leads to it.
func (v *view) Filter(text string) error {
	v.filter = text
	v.lay()
	return nil
}

// FilterText implements screen.Filterer.
func (v *view) FilterText() string { return v.filter }

// Click implements screen.Pointer.
func (v *view) Click(_, y int) {
	if at := v.top + y; at < len(v.lines) {
		v.cursor = v.lines[at].id
	}
}

// Wheel implements screen.Pointer.
func (v *view) Wheel(lines int) { v.move(lines) }

func (v *view) move(by int) {
	if len(v.lines) > 0 {
		v.cursor = v.lines[max(0, min(max(0, v.at())+by, len(v.lines)-1))].id
	}
}

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	switch a {
	case actDown:
		v.move(1)
	case actUp:
		v.move(-1)
	case actPageDown:
		v.move(max(1, v.height-1))
	case actPageUp:
		v.move(-max(1, v.height-1))
	case actTop:
		v.move(-len(v.lines))
	case actBottom:
		v.move(len(v.lines))
	case actFold:
		v.folded[v.cursor] = !v.folded[v.cursor]
		v.lay()
	case save.Action:
		var b strings.Builder
		for _, l := range v.lines {
			fmt.Fprintf(&b, "%s%s %s  %s\n", l.prefix, l.ref.Kind, l.ref.Name, strings.TrimSpace(l.how+"  "+l.state))
		}
		save.Text(v.scope, strings.Join(v.crumbs, "-"), "txt", b.String())
	default:
		v.open(a)
	}
}

func (v *view) open(a key.Action) {
	o, ok := v.Object()
	if !ok {
		v.scope.Say(screen.Poor, "there is no such object")
		return
	}
	switch a {
	case actEnter:
		v.scope.Open(screen.Resources{Resource: o.Resource, Namespace: o.Namespace, Select: o.UID})
	case actTree:
		v.scope.Open(screen.Tree{Object: o})
	case actDescribe:
		v.scope.Open(screen.Describe{Object: o})
	case actYAML:
		v.scope.Open(screen.YAML{Object: o})
	case actLogs:
		v.scope.Open(screen.Logs{Object: o})
	case actEtcd:
		v.scope.Open(screen.EtcdKey{Object: o})
	case actCopy:
		v.scope.Copy(o.Name)
		v.scope.Say(screen.Good, "copied "+o.Name)
	}
}

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	v.height = c.Height()
	if len(v.lines) == 0 {
		text := "reading the namespace"
		switch {
		case v.err != nil:
			text = screen.Reason(v.err)
		case v.loaded && v.filter != "":
			text = "nothing matches (esc shows all)"
		case v.loaded:
			text = "nothing here"
		}
		c.Text(2, 1, s.Muted, text)
		return
	}
	at := max(0, v.at())
	if at < v.top || at >= v.top+v.height {
		v.top = max(0, min(at-v.height/2, len(v.lines)-v.height))
	}
	v.top = max(0, min(v.top, len(v.lines)-v.height))
	for y := 0; y < v.height && v.top+y < len(v.lines); y++ {
		l := v.lines[v.top+y]
		x := c.Text(2, y, s.Rule, l.prefix)
		if l.health != screen.Unknown {
			x = c.Text(x, y, l.health.Style(s), l.health.Glyph()+" ")
		}
		ink := s.Text
		if l.used {
			ink = s.Muted
		}
		x = c.Text(x, y, s.Muted, l.ref.Kind+" ")
		if l.self {
			ink = s.Heading
		}
		x = c.Text(x, y, ink, l.ref.Name)
		if l.below > 0 && v.folded[l.id] {
			x = c.Text(x, y, s.Accent, fmt.Sprintf("  +%d", l.below))
		}
		if l.state != "" {
			x = c.Text(x+2, y, l.health.Style(s), l.state)
		}
		c.Clip(x+2, y, c.Width()-x-3, s.Muted, l.how)
		if v.top+y == at {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
}

func complete(s *screen.Scope, typed string) []string {
	var all []string
	for _, k := range session.Of(s).Kinds() {
		all = append(all, k.Resource.Resource)
	}
	return append(all, session.Complete(s, typed)...)
}

func run(s *screen.Scope, argument string) (screen.Request, error) {
	ses := session.Of(s)
	words := strings.Fields(argument)
	if len(words) == 0 {
		words = []string{"deployments"}
	}
	k, ok := ses.Find(words[0])
	if !ok {
		return nil, fmt.Errorf("the cluster has no kind %q: xray KIND NAMESPACE", words[0])
	}
	ns, err := ses.UseArgument(strings.Join(words[1:], " "))
	return Kind{Resource: *k, Namespace: ns}, err
}
