package etcdview

import (
	"bytes"
	"context"
)

// CompareReaders reports what turns one store into another, in the order of keys: keys that were added as Create,
// those that are gone as Delete with their last value in Prev, those whose values differ as Put. It walks both in pages.
func CompareReaders(ctx context.Context, old, now Reader, prefix string, report func(Event) error) error {
	a, b := pager{r: old, prefix: prefix}, pager{r: now, prefix: prefix}
	for {
		x, err := a.peek(ctx)
		if err != nil {
			return err
		}
		y, err := b.peek(ctx)
		if err != nil {
			return err
		}
		switch {
		case x == nil && y == nil:
			return nil
		case y == nil || x != nil && x.Key < y.Key:
			err = report(Event{Type: Delete, KV: KV{Key: x.Key, ModRevision: x.ModRevision}, Prev: x})
			a.next()
		case x == nil || y.Key < x.Key:
			err = report(Event{Type: Create, KV: *y})
			b.next()
		default:
			if !bytes.Equal(x.Value, y.Value) {
				err = report(Event{Type: Put, KV: *y, Prev: x})
			}
			a.next()
			b.next()
		}
		if err != nil {
			return err
		}
	}
}

// pager walks the keys of a reader, at one revision.
type pager struct {
	r      Reader
	prefix string
	page   Page
	at     int
	begun  bool
}

func (p *pager) peek(ctx context.Context) (*KV, error) {
	for p.at >= len(p.page.KVs) {
		if p.begun && p.page.Next == "" {
			return nil, nil
		}
		page, err := p.r.Page(ctx, PageOptions{Prefix: p.prefix, From: p.page.Next, Revision: p.page.Revision, Limit: 500})
		if err != nil {
			return nil, err
		}
		if p.begun {
			page.Revision = p.page.Revision
		}
		p.page, p.at, p.begun = page, 0, true
	}
	return &p.page.KVs[p.at], nil
}

func (p *pager) next() { p.at++ }

// At is a reader as it was at a revision: reads that name none are made there.
func At(r Reader, revision int64) Reader { return at{r, revision} }

type at struct {
	Reader
	revision int64
}

// Page implements Reader.
func (a at) Page(ctx context.Context, o PageOptions) (Page, error) {
	if o.Revision == 0 {
		o.Revision = a.revision
	}
	return a.Reader.Page(ctx, o)
}
