package etcd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/offline"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// compareView lists what turns a snapshot file, or the store as it was at a revision, into the store as it is now.
type compareView struct {
	live
	store   *etcdview.Store
	request access.Compared
	run     *comparison
	reading bool
	err     error
	filter  string
}

// comparison is what was found so far, by the goroutine that compares.
type comparison struct {
	changed chan struct{}

	mu    sync.Mutex
	list  []*change // in the order of keys
	found map[etcdview.EventType]int64
	told  time.Time
}

func openCompared(s *screen.Scope, r access.Compared) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	if (r.File == "") == (r.Revision == 0) {
		return nil, errors.New("compare needs a snapshot file or rev=N, one of them: :compare backup.db, :compare rev=4711")
	}
	switch r.Prefix {
	case "":
		r.Prefix = access.Root(s)
	case ".":
		r.Prefix = ""
	}
	v := &compareView{store: store, request: r}
	v.live = live{scope: s, pane: newPane(s, store), focus: onList}
	v.pane.diff = true
	v.read()
	return v, nil
}

// parseCompared reads FILE or rev=N, and a prefix after a file's name, or alone beside a revision.
func parseCompared(line string) (access.Compared, error) {
	words, rev, err := parseAt(line)
	r := access.Compared{Revision: rev}
	if err != nil {
		return r, err
	}
	if rev == 0 && len(words) > 0 {
		r.File, words = words[0], words[1:]
	}
	switch len(words) {
	case 0:
	case 1:
		r.Prefix = words[0]
	default:
		err = fmt.Errorf("%q is too much: compare FILE [PREFIX], or compare rev=N [PREFIX]", words[1])
	}
	return r, err
}

func (v *compareView) read() {
	c := &comparison{changed: make(chan struct{}, 1), found: map[etcdview.EventType]int64{}}
	v.run, v.reading = c, true
	v.pane.open(v.request.Prefix, true)
	v.pane.none = "comparing …"
	v.scope.Live(c.changed, v.refresh)
	r, store := v.request, v.store
	screen.Call(v.scope, "compare", scanTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.compare(ctx, r, store)
	}, func(_ struct{}, err error) {
		if v.run != c {
			return
		}
		v.reading, v.err = false, err
		v.pane.none = "nothing differs"
		if err != nil {
			v.pane.none = "✗ " + screen.Reason(err)
		}
		v.refresh()
	})
}

// compare walks both stores.
func (c *comparison) compare(ctx context.Context, r access.Compared, now *etcdview.Store) error {
	old := etcdview.At(now, r.Revision)
	if r.File != "" {
		if _, err := os.Stat(r.File); err != nil {
			return err
		}
		db, err := offline.OpenSnapshot(ctx, r.File)
		if err != nil {
			return err
		}
		defer db.Close()
		old = db
	}
	return etcdview.CompareReaders(ctx, old, now, r.Prefix, func(e etcdview.Event) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.found[e.Type]++
		if len(c.list) < keepRows {
			c.list = append(c.list, &change{Event: e})
		}
		const often = 100 * time.Millisecond
		if at := time.Now(); at.Sub(c.told) >= often {
			c.told = at
			select {
			case c.changed <- struct{}{}:
			default:
			}
		}
		return ctx.Err()
	})
}

// refresh takes in what was found.
func (v *compareView) refresh() {
	keep := eventFilter(v.filter)
	v.run.mu.Lock()
	list := make([]*change, 0, len(v.run.list))
	for _, c := range v.run.list {
		if keep == nil || keep(c.Event) {
			list = append(list, c)
		}
	}
	v.run.mu.Unlock()
	v.pane.changes, v.pane.follow = list, false
	v.pane.settle()
}

// Place implements screen.Screen.
func (v *compareView) Place() screen.Place {
	r := v.request
	what := "revision " + grid.Thousands(r.Revision)
	if r.File != "" {
		what = filepath.Base(r.File)
	}
	p := screen.Place{Crumbs: append(crumbs(r.Prefix), what+" → now")}
	v.run.mu.Lock()
	f := v.run.found
	n := f[etcdview.Create] + f[etcdview.Delete] + f[etcdview.Put]
	p.Note = fmt.Sprintf("%s added, %s gone, %s changed", grid.Thousands(f[etcdview.Create]), grid.Thousands(f[etcdview.Delete]), grid.Thousands(f[etcdview.Put]))
	v.run.mu.Unlock()
	if n > keepRows {
		p.Note += fmt.Sprintf(", the first %s shown", grid.Thousands(keepRows))
	}
	if v.filter != "" {
		p.Note += "  /" + v.filter
	}
	switch {
	case v.reading:
		p.State = screen.State{Health: screen.Busy, Text: "comparing; esc stops"}
	case errors.Is(v.err, context.Canceled):
		p.State = screen.State{Health: screen.Idle, Text: "stopped"}
	case v.err != nil:
		p.State = screen.State{Health: screen.Bad, Text: "not compared"}
	case n == 0:
		p.State = screen.State{Health: screen.Good, Text: "nothing differs"}
	default:
		p.State = screen.State{Health: screen.Good, Text: "compared"}
	}
	return p
}

// comparedKeys is the table of a comparison.
func comparedKeys() key.Table {
	return join(key.Table{
		{Action: actOpen, Keys: []string{"enter"}, Hint: "key", Help: "the key, with its history", Group: groupOpen},
	}, focusKeys(), valueKeys(), grid.Keys())
}

// Keys implements screen.Screen.
func (v *compareView) Keys() key.Table { return v.keys(comparedKeys()) }

// Do implements screen.Screen.
func (v *compareView) Do(a key.Action) {
	switch a {
	case actReload:
		v.read()
	case actOpen:
		if c := v.pane.current(); c != nil {
			v.scope.Open(access.Key{Path: c.KV.Key})
		}
	default:
		v.do(a)
	}
}

// Filter implements screen.Filterer: as in the list of changes.
func (v *compareView) Filter(text string) error {
	v.filter = text
	v.refresh()
	return nil
}

// FilterText implements screen.Filterer.
func (v *compareView) FilterText() string { return v.filter }

// askCompared asks what to compare the store with.
func askCompared(s *screen.Scope, prefix string) {
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Compare with now", Accept: "Compare", Note: "What turned a snapshot file, or the store as at a past revision, into what it holds now, field by field.",
		Fields: []dialog.Field{{Label: "file, or rev=N", Check: func(v string) error {
			r, err := parseCompared(v)
			if err == nil && r.File == "" && r.Revision == 0 {
				err = errors.New("give one of them")
			}
			return err
		}}},
		Then: func(values []string) {
			r, _ := parseCompared(values[0]) // it was checked
			if r.Prefix == "" {
				r.Prefix = prefix
			}
			s.Open(r)
		},
	}))
}
