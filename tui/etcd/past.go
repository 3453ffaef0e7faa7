package etcd

import (
	"context"
	"slices"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/screen"
)

// past is the history of a key, for the screen.
type past struct {
	changes   []*change
	compacted int64 // oldest revision that etcd has
	more      bool  // there may be older ones
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

// revisionsPerRead is how many revisions are read of a key at a time.
const revisionsPerRead = 200

// readPast reads the revisions of the key from one back, 0 for the newest.
func (p *pane) readPast(rev int64, done func(past, error)) {
	path, o := p.path, p.decode
	screen.Call(p.scope, "read "+etcdview.Printable(path), readTimeout, func(ctx context.Context) (past, error) {
		h, err := p.past.History(ctx, path, etcdview.HistoryOptions{Limit: revisionsPerRead, Revision: rev})
		if err != nil {
			return past{}, err
		}
		cs := fromHistory(h)
		for _, c := range cs {
			c.describe(ctx, o)
		}
		return past{withGaps(cs, h.Gaps), h.CompactRevision, len(h.Revisions) >= revisionsPerRead}, nil
	}, func(h past, err error) {
		if p.path == path {
			p.loading = false
			done(h, err)
		}
	})
}

// reload reads the history of the key anew.
func (p *pane) reload() {
	if p.dir || p.path == "" {
		return
	}
	path := p.path
	p.loading = true
	p.readPast(p.pinned, func(h past, err error) {
		if p.err = err; err != nil {
			p.scope.After(retryAfter, func() { // the etcd may be back by then
				if p.path == path && p.err != nil && !p.loading {
					p.reload()
				}
			})
			return
		}
		if h.compacted > 1 {
			p.compacted = h.compacted
		}
		seen := p.changes // what happened while it was read
		p.changes, p.more = h.changes, h.more
		p.countRecorded()
		p.add(seen)
		p.begin()
		p.settle()
	})
}

// readOn reads older revisions when the cursor comes near the end of those that are listed.
func (p *pane) readOn() {
	const near = 20
	if p.dir || !p.more || p.loading || p.cursor.At < len(p.changes)-near || p.full() {
		return
	}
	last := p.changes[len(p.changes)-1]
	p.loading = true
	p.readPast(last.at()-1, func(h past, err error) {
		if err != nil {
			p.more = false
			p.scope.Fail(err)
			return
		}
		if h.compacted > 1 {
			p.compacted = h.compacted
		}
		if len(h.changes) > 0 && h.changes[0].gap == nil && h.changes[0].Type != etcdview.Delete && last.gap == nil && last.Prev == nil {
			before := h.changes[0].KV // now it is known what the last one changed
			last.Prev, last.desc = &before, nil
		}
		for _, c := range h.changes {
			if c.gap == nil || !slices.ContainsFunc(p.changes, func(o *change) bool { return o.gap != nil && *o.gap == *c.gap }) {
				p.changes = append(p.changes, c)
			}
		}
		p.more = h.more
		p.countRecorded()
		p.settle()
	})
}

// countRecorded counts what of the list etcd has no more.
func (p *pane) countRecorded() {
	p.recorded = 0
	for _, c := range p.changes {
		if c.recorded {
			p.recorded++
		}
	}
}

// begin puts the cursor on the revision that was asked for, or on the last one before it.
func (p *pane) begin() {
	i := slices.IndexFunc(p.changes, func(c *change) bool { return c.gap == nil && c.Revision() <= p.goTo })
	if p.goTo > 0 && i >= 0 {
		p.cursor.At, p.follow = i, i == 0
	}
	p.goTo = 0
}
