package etcd

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// pane shows a subject: a key with its revisions, or a directory with the changes under it, newest first, and the value
// of the one under the cursor.
type pane struct {
	scope  *screen.Scope
	store  *etcdview.Store
	past   etcdview.Reader // for histories
	decode decode.Options

	path    string
	dir     bool
	changes []*change
	cursor  grid.Cursor
	follow  bool    // the cursor stays on the newest
	base    *change // what diffs compare with, nil for the revision before

	diff    bool
	format  format
	managed bool // show metadata.managedFields

	value     *decode.Value // under the cursor, nil until it is decoded
	shown     string        // which change the pager shows, and how
	pager     pager.Pager
	compacted int64
	older     int  // changes that the list has no room for any more
	more      bool // older revisions than those listed are known, and read when one goes there
	loading   bool
	err       error
	decoding  bool
	described []*change // those that have been decoded in sight
	unwatched bool      // changes of the directory are not reported

	within []string // the prefixes of a list of changes, where there are several
	pinned int64    // nothing newer than this revision is shown; 0 for no such bound
	goTo   int64    // the revision that the cursor is to begin on, once it is known
	replay bool     // changes may be reported long after they happened
	none   string   // what an empty list of changes means

	asObject bool // the value stands at the left, as the object that it is, and what is known of its key beside it
	recorded int  // how many of the revisions listed etcd has no more

	listLeft, listTop, listWidth, listHeight int // of the list in the pane, as it was drawn last
}

const (
	// keepChanges and keepBytes, of values, bound the list of a pane: to what a feed keeps while a list is held still.
	keepChanges, keepBytes = 10_000, 64 << 20
	// describeAtOnce bounds how many changes are decoded in one go: those in sight, of which large screens have as many.
	describeAtOnce = 128
	readTimeout    = 15 * time.Second
	// retryAfter is how long to wait before a read that failed is tried again.
	retryAfter = 2 * time.Second
)

func newPane(s *screen.Scope, store *etcdview.Store) *pane {
	return &pane{scope: s, store: store, past: access.History(s, store), decode: access.Decoding(s), format: asYAML, follow: true, none: nothingChanges(s)}
}

// nothingChanges says why a list of changes stays empty, where it must.
func nothingChanges(s *screen.Scope) string {
	if s.Cluster().EtcdFile() != "" {
		return "a file: nothing in it changes"
	}
	return ""
}

// open changes the subject.
func (p *pane) open(path string, dir bool) {
	p.path, p.dir = path, dir
	p.changes, p.cursor, p.base, p.follow = nil, grid.Cursor{}, nil, true
	p.described = nil
	p.value, p.shown, p.err, p.compacted, p.older, p.recorded, p.more = nil, "", nil, 0, 0, 0, false
	p.pager = pager.Pager{}
	p.within = nil
	if dir {
		return
	}
	p.reload()
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
		p.cursor.At += len(fresh)
		p.cursor.First += len(fresh)
	}
	p.changes = append(fresh, p.changes...)
	if len(p.within) > 1 { // several watches bring what happened before not in its order
		p.sort()
	}
	p.trim()
}

// trim lets the oldest go that there is no room for, and counts them.
func (p *pane) trim() {
	bytes := 0
	for i, c := range p.changes {
		if bytes += c.weight(); i == keepChanges || bytes > keepBytes && i > 0 {
			p.older += len(p.changes) - i
			clear(p.changes[i:])
			p.changes = p.changes[:i]
			return
		}
	}
}

// full says that the list has no room for older ones.
func (p *pane) full() bool {
	bytes := 0
	for _, c := range p.changes {
		bytes += c.weight()
	}
	return len(p.changes) >= keepChanges || bytes >= keepBytes
}

// sort puts the newest first, with the cursor on its change.
func (p *pane) sort() {
	under := p.current()
	slices.SortStableFunc(p.changes, func(a, b *change) int { return cmp.Compare(b.at(), a.at()) })
	if i := slices.Index(p.changes, under); i >= 0 && !p.follow {
		p.cursor.At = i
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
	if len(p.within) > 0 {
		return slices.ContainsFunc(p.within, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	}
	return key == p.path || p.dir && strings.HasPrefix(key, p.path)
}

// absorb takes what a feed brought.
func (p *pane) absorb(entries []etcdview.Entry) {
	var cs []*change
	for _, e := range slices.Backward(entries) {
		if e.Gap == nil && !p.concerns(e.KV.Key) {
			continue
		}
		if len(cs) == keepChanges {
			p.older++
			continue
		}
		cs = append(cs, &change{Event: e.Event, gap: e.Gap, seen: true, replay: p.replay})
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
		p.cursor.At = 0
	}
	p.cursor.Clamp(len(p.changes))
	p.show()
}

func (p *pane) current() *change {
	if p.cursor.At < 0 || p.cursor.At >= len(p.changes) {
		return nil
	}
	return p.changes[p.cursor.At]
}

func (p *pane) describeNew() {
	if p.decoding {
		return
	}
	var todo []*change
	var events []etcdview.Event
	inSight := describeAtOnce
	if p.listHeight > 0 { // else it was not drawn yet
		inSight = min(inSight, p.listHeight)
	}
	from := max(0, min(p.cursor.First, len(p.changes)-inSight))
	for _, c := range p.changes[from:min(len(p.changes), from+inSight)] {
		if c.desc == nil && c.gap == nil {
			todo, events = append(todo, c), append(events, c.Event)
		}
	}
	if len(todo) == 0 {
		return
	}
	p.forget(from)
	p.described = append(p.described, todo...)
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

// forget lets go what was decoded far from what is in sight, which begins at a place in the list: a decoded value takes
// many times what is stored.
func (p *pane) forget(from int) {
	if len(p.described) < 4*describeAtOnce {
		return
	}
	near := map[*change]bool{}
	for _, c := range p.changes[max(0, from-describeAtOnce):min(len(p.changes), from+2*describeAtOnce)] {
		near[c] = true
	}
	p.described = slices.DeleteFunc(p.described, func(c *change) bool {
		if !near[c] {
			c.desc = nil
		}
		return !near[c]
	})
}

// doList does an action while the list has the focus, and says whether it was one.
func (p *pane) doList(a key.Action) bool {
	if !p.cursor.Move(a, len(p.changes)) {
		return false
	}
	p.follow = p.cursor.At == 0
	p.settle()
	p.readOn()
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
	case actPin:
		p.pin()
	case actEdit:
		p.edit()
	case actDelete:
		deleteKey(p.scope, p.store, p.key(), false)
	default:
		return false
	}
	p.settle()
	return true
}

// pin opens the tree around the key, as it was at the revision under the cursor.
func (p *pane) pin() {
	c := p.current()
	if c == nil || c.gap != nil {
		p.scope.Say(screen.Idle, "there is no revision under the cursor: :etcd PREFIX rev=N shows the tree as at any")
		return
	}
	p.scope.Open(access.Tree{Prefix: parent(c.KV.Key), Revision: c.Revision()})
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
