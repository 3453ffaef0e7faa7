package etcd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// pane shows a subject: a key with its revisions, or a directory with the changes under it, newest first, and the value
// of the one under the cursor.
type pane struct {
	scope  *screen.Scope
	past   etcdview.Reader // for histories
	decode decode.Options

	path    string
	dir     bool
	changes []*change
	cursor  cursor
	follow  bool    // the cursor stays on the newest
	base    *change // what diffs compare with, nil for the revision before

	diff    bool
	format  format
	managed bool // show metadata.managedFields

	value     *decode.Value // under the cursor, nil until it is decoded
	shown     string        // which change the pager shows, and how
	pager     pager.Pager
	compacted int64
	older     int // changes that the list has no room for any more
	loading   bool
	err       error
	decoding  bool
	unwatched bool // changes of the directory are not reported

	listTop, listHeight int // of the list, as it was drawn last
}

const (
	// keepChanges bounds the list of a pane.
	keepChanges = 2000
	// describeAtOnce bounds how many changes are decoded in one go.
	describeAtOnce = 64
	readTimeout    = 15 * time.Second
)

func newPane(s *screen.Scope, store *etcdview.Store) *pane {
	return &pane{scope: s, past: history(s, store), decode: decodeOptions(s), format: asYAML, follow: true}
}

// open changes the subject.
func (p *pane) open(path string, dir bool) {
	p.path, p.dir = path, dir
	p.changes, p.cursor, p.base, p.follow = nil, cursor{}, nil, true
	p.value, p.shown, p.err, p.compacted, p.older = nil, "", nil, 0, 0
	p.pager = pager.Pager{}
	if dir {
		return
	}
	p.reload()
}

// past is the history of a key, for the screen.
type past struct {
	changes   []*change
	compacted int64 // oldest revision that etcd has
}

// withGaps puts what was not recorded among the changes, newest first, where something older is known.
func withGaps(cs []*change, gaps []etcdview.Gap) []*change {
	for _, g := range gaps {
		i := slices.IndexFunc(cs, func(c *change) bool { return c.gap == nil && c.Revision() < g.To })
		if i >= 0 {
			cs = slices.Insert(cs, i, &change{gap: &g})
		}
	}
	return cs
}

// reload reads the history of the key anew.
func (p *pane) reload() {
	if p.dir || p.path == "" {
		return
	}
	path := p.path
	p.loading = true
	screen.Call(p.scope, "read "+etcdview.Printable(path), readTimeout, func(ctx context.Context) (past, error) {
		h, err := p.past.History(ctx, path, etcdview.HistoryOptions{Limit: 200})
		if err != nil {
			return past{}, err
		}
		cs := fromHistory(h)
		for _, c := range cs {
			c.describe(ctx, p.decode)
		}
		return past{withGaps(cs, h.Gaps), h.CompactRevision}, nil
	}, func(h past, err error) {
		if p.path != path {
			return
		}
		p.loading, p.err = false, err
		if err != nil {
			return
		}
		if h.compacted > 1 {
			p.compacted = h.compacted
		}
		seen := p.changes // what happened while it was read
		p.changes = h.changes
		p.add(seen)
		p.settle()
	})
}

// add puts changes, newest first, on top of the list, but for those that are there.
func (p *pane) add(cs []*change) {
	fresh := make([]*change, 0, len(cs)+len(p.changes))
	for _, c := range cs {
		if old := p.find(c); old != nil {
			old.seen, old.Received = c.seen, c.Received
			continue
		}
		fresh = append(fresh, c)
	}
	if !p.follow { // the cursor stays on its change
		p.cursor.at += len(fresh)
		p.cursor.top += len(fresh)
	}
	p.changes = append(fresh, p.changes...)
	if len(p.changes) > keepChanges {
		p.older += len(p.changes) - keepChanges
		p.changes = p.changes[:keepChanges]
	}
}

// find is the change in the list that is the same as another, nil where there is none.
func (p *pane) find(c *change) *change {
	if c.gap != nil {
		return nil
	}
	for _, o := range p.changes {
		if o.gap == nil && o.Revision() < c.Revision() {
			break // the list goes from new to old
		}
		if o.gap == nil && o.Revision() == c.Revision() && o.KV.Key == c.KV.Key {
			return o
		}
	}
	return nil
}

// concerns says whether a key belongs to the subject.
func (p *pane) concerns(key string) bool {
	return key == p.path || p.dir && strings.HasPrefix(key, p.path)
}

// absorb takes what a feed brought.
func (p *pane) absorb(entries []etcdview.Entry) {
	var cs []*change
	for _, e := range slices.Backward(entries) {
		if e.Gap == nil && !p.concerns(e.KV.Key) {
			continue
		}
		if cs = append(cs, &change{Event: e.Event, gap: e.Gap, seen: true}); len(cs) == keepChanges {
			break
		}
	}
	if len(cs) > 0 {
		p.add(cs)
		p.settle()
	}
}

// settle makes the pager show what the cursor is on, and decodes what is in sight and new.
func (p *pane) settle() {
	p.describeNew()
	if p.follow {
		p.cursor.at = 0
	}
	p.cursor.clamp(len(p.changes))
	p.show()
}

func (p *pane) current() *change {
	if p.cursor.at < 0 || p.cursor.at >= len(p.changes) {
		return nil
	}
	return p.changes[p.cursor.at]
}

func (p *pane) describeNew() {
	if p.decoding {
		return
	}
	var todo []*change
	var events []etcdview.Event
	from := max(0, min(p.cursor.top, len(p.changes)-describeAtOnce))
	for _, c := range p.changes[from:min(len(p.changes), from+describeAtOnce)] {
		if c.desc == nil && c.gap == nil {
			todo, events = append(todo, c), append(events, c.Event)
		}
	}
	if len(todo) == 0 {
		return
	}
	p.decoding = true
	o := p.decode
	screen.Call(p.scope, "decode", readTimeout, func(ctx context.Context) ([]etcdview.Description, error) {
		out := make([]etcdview.Description, len(events))
		for i, e := range events {
			out[i] = etcdview.Describe(ctx, e, o)
		}
		return out, nil
	}, func(out []etcdview.Description, _ error) {
		p.decoding = false
		if o.ShowSecrets == p.decode.ShowSecrets {
			for i, c := range todo {
				c.desc = &out[i]
			}
		}
		p.settle()
	})
}

// view is what the pager shows of a change.
type view struct {
	value *decode.Value
	lines []pager.Line
}

// show lays out the change under the cursor for the pager.
func (p *pane) show() {
	c := p.current()
	if c == nil || c.gap != nil {
		p.value, p.shown = nil, ""
		p.pager.SetLines(nil)
		return
	}
	base := p.base
	which := c.id() + string(p.format)
	if p.diff {
		which += " diff"
	}
	if base != nil {
		which += base.id()
	}
	if p.managed {
		which += " managed"
	}
	if p.decode.ShowSecrets {
		which += " secrets"
	}
	if which == p.shown {
		return
	}
	sameKey := p.value != nil && p.value.Key == c.KV.Key
	p.shown = which
	event, o, asDiff, f, managed := c.Event, p.decode, p.diff, p.format, p.managed
	if base != nil && base != c {
		kv := base.KV
		event.Prev = &kv
	}
	screen.Call(p.scope, "decode", readTimeout, func(ctx context.Context) (view, error) {
		return layout(ctx, event, o, asDiff, f, managed), nil
	}, func(v view, _ error) {
		if p.shown != which {
			return
		}
		p.value = v.value
		p.pager.SetLines(v.lines)
		if !sameKey {
			p.pager.GoTo(0)
		}
	})
}

func layout(ctx context.Context, e etcdview.Event, o decode.Options, asDiff bool, f format, managed bool) view {
	kv := e.KV
	gone := e.Type == etcdview.Delete
	if gone {
		if e.Prev == nil {
			return view{lines: []pager.Line{pager.Plain("deleted; what it was before is not known", pager.Muted)}}
		}
		kv = *e.Prev
	}
	v := decode.Decode(ctx, kv.Key, kv.Value, o)
	if asDiff && !gone {
		return view{&v, compareLines(ctx, e, v, o, managed)}
	}
	lines := valueLines(&v, f, managed)
	if gone {
		lines = append([]pager.Line{pager.Plain("deleted; this was its last value", pager.Warn)}, lines...)
	}
	if f == asYAML {
		lines = append(lines, nestedLines(&v)...)
	}
	return view{&v, lines}
}

func compareLines(ctx context.Context, e etcdview.Event, v decode.Value, o decode.Options, managed bool) []pager.Line {
	if e.Prev == nil {
		return []pager.Line{pager.Plain("  there is no revision before this one to compare with", pager.Muted)}
	}
	old := decode.Decode(ctx, e.Prev.Key, e.Prev.Value, o)
	changes, err := etcdview.Compare(old, v, diff.Options{ManagedFields: managed})
	if err != nil {
		return []pager.Line{pager.Plain("✗ "+err.Error(), pager.Error)}
	}
	return diffLines(changes)
}

// nestedLines shows what is written within the value: base64, JSON in strings, Helm releases.
func nestedLines(v *decode.Value) []pager.Line {
	var lines []pager.Line
	for _, n := range v.Nested() {
		lines = append(lines, nil, pager.Line{{Text: "# within ", Ink: pager.Muted}, {Text: n.Path, Ink: pager.Heading},
			{Text: ": " + strings.Join(n.Encodings, ", "), Ink: pager.Muted}})
		for l := range strings.Lines(n.Text) {
			lines = append(lines, yamlLine(strings.TrimRight(l, "\r\n")))
		}
	}
	return lines
}

// doList does an action while the list has the focus, and says whether it was one.
func (p *pane) doList(a key.Action) bool {
	if !p.cursor.move(a, len(p.changes)) {
		return false
	}
	p.follow = p.cursor.at == 0
	p.settle()
	return true
}

// doValue does the actions of valueKeys, and says whether it was one.
func (p *pane) doValue(a key.Action) bool {
	switch a {
	case actDiff:
		p.diff = !p.diff
	case actBase:
		p.mark()
	case actFormat:
		p.format, p.diff = p.format.after(), false
	case actManaged:
		p.managed = !p.managed
	case actSecrets:
		p.decode.ShowSecrets = !p.decode.ShowSecrets
		for _, c := range p.changes {
			c.desc = nil
		}
	case actReload:
		p.reload()
	case actCopy:
		p.copy()
	case actObject:
		p.toObject()
	case actRestore:
		p.bringBack()
	default:
		return false
	}
	p.settle()
	return true
}

func (p *pane) mark() {
	c := p.current()
	if c == nil || p.base == c {
		p.base = nil
		return
	}
	p.base, p.diff = c, true
}

func (p *pane) copy() {
	path := p.path
	if c := p.current(); c != nil && c.gap == nil {
		path = c.KV.Key
	}
	p.scope.Copy(etcdview.Printable(path))
	p.scope.Say(screen.Good, "copied "+etcdview.Printable(path))
}

// key is the key that the pane is about now.
func (p *pane) key() string {
	if c := p.current(); c != nil && c.gap == nil {
		return c.KV.Key
	}
	return p.path
}
