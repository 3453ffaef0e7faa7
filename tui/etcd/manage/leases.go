package manage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// mostLeases bounds how many leases are asked for: it takes a request for each.
const mostLeases = 2000

// leases is the screen of the leases, the soonest to end first.
type leases struct {
	scope  *screen.Scope
	store  *etcdview.Store
	grid   grid.Grid
	list   []etcdview.Lease
	shown  []*etcdview.Lease // those that the filter lets through
	all    int
	read   time.Time
	err    error
	filter string
}

func openLeases(s *screen.Scope, _ access.Leases) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	v := &leases{scope: s, store: store}
	v.grid.Columns = []grid.Column{{Head: "ENDS IN", Right: true}, {Head: "OF", Right: true}, {Head: "LEASE"}, {Head: "KEYS", Right: true}, {Head: "WHICH", Wide: true}}
	v.ask(true)
	return v, nil
}

func (v *leases) ask(again bool) {
	type answer struct {
		list []etcdview.Lease
		all  int
	}
	screen.Call(v.scope, "ask for leases", askTimeout, func(ctx context.Context) (answer, error) {
		list, all, err := v.store.Leases(ctx, mostLeases)
		return answer{list, all}, err
	}, func(a answer, err error) {
		if v.err = err; err == nil {
			under := v.lease()
			v.list, v.all, v.read = a.list, a.all, v.scope.Now()
			v.refilter()
			for i, l := range v.shown {
				if under != nil && l.ID == under.ID {
					v.grid.Cursor.At = i
				}
			}
		}
		if again {
			v.scope.After(askEvery, func() { v.ask(true) })
		}
	})
}

func (v *leases) refilter() {
	v.shown = nil
	for i := range v.list {
		l := &v.list[i]
		if v.filter == "" || strings.Contains(strings.ToLower(l.ID+" "+strings.Join(l.Keys, " ")), v.filter) {
			v.shown = append(v.shown, l)
		}
	}
	v.grid.Cursor.Clamp(len(v.shown))
}

// lease is the one under the cursor, nil for none.
func (v *leases) lease() *etcdview.Lease {
	if v.grid.Cursor.At < len(v.shown) {
		return v.shown[v.grid.Cursor.At]
	}
	return nil
}

// Place implements screen.Screen.
func (v *leases) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"etcd", "leases"}, Note: grid.Plural(int64(v.all), "lease"), State: screen.State{Health: screen.Good, Text: "asked every 2 s"}}
	if v.all > len(v.list) && len(v.list) > 0 {
		p.Note += fmt.Sprintf(", %d of them shown", len(v.list))
	}
	if v.filter != "" {
		p.Note += "  /" + v.filter
	}
	switch {
	case v.err != nil:
		p.State = screen.Failure(v.err)
	case v.read.IsZero():
		p.State = screen.State{Health: screen.Unknown, Text: "asking"}
	}
	return p
}

// Keys implements screen.Screen.
func (v *leases) Keys() key.Table { return leaseKeys() }

// Do implements screen.Screen.
func (v *leases) Do(a key.Action) {
	l := v.lease()
	switch {
	case v.grid.Cursor.Move(a, len(v.shown)):
	case a == actReload:
		v.ask(false)
	case l == nil:
	case a == actOpen:
		v.open(l)
	case a == actRevoke:
		propose(v.scope, "revoke lease "+l.ID, func(ctx context.Context) (*operate.Operation, error) {
			return operate.PlanLeaseRevoke(ctx, v.store, l.ID)
		}, func() { v.ask(false) })
	case a == actCopy:
		v.scope.Copy(l.ID)
		v.scope.Say(screen.Good, "copied "+l.ID)
	}
}

// open leads to the key on a lease, or asks which.
func (v *leases) open(l *etcdview.Lease) {
	switch len(l.Keys) {
	case 0:
		v.scope.Say(screen.Idle, "no key hangs on the lease")
		return
	case 1:
		v.scope.Open(access.Key{Path: etcdview.ParseKey(l.Keys[0])})
		return
	}
	var choices []dialog.Choice
	for _, k := range l.Keys {
		choices = append(choices, dialog.Choice{Text: k})
	}
	v.scope.Ask(dialog.NewChoose(v.scope, dialog.Choose{Title: "Keys of lease " + l.ID, Choices: choices, Then: func(i int) {
		v.scope.Open(access.Key{Path: etcdview.ParseKey(l.Keys[i])})
	}}))
}

// Draw implements screen.Screen.
func (v *leases) Draw(full *canvas.Canvas) {
	s := v.scope.Styles()
	c := full.Cut(1, 0, full.Width()-2, full.Height())
	if len(v.shown) == 0 {
		text := "no leases"
		switch {
		case v.err != nil:
			text = "✗ " + screen.Reason(v.err)
		case v.read.IsZero():
			text = "asking etcd …"
		case v.filter != "":
			text = "nothing matches"
		}
		c.Clip(0, 0, c.Width(), s.Muted, text)
		return
	}
	passed := v.scope.Now().Sub(v.read)
	v.grid.Draw(c, s, len(v.shown), func(i int) []grid.Cell {
		l := v.shown[i]
		left := remaining(*l, passed)
		cells := grid.Plain(left.String(), (time.Duration(l.TTL) * time.Second).String(), l.ID, grid.Thousands(int64(len(l.Keys))), keysOf(*l))
		cells[1].Ink = muted
		if left < 5*time.Second {
			cells[0].Ink = func(s *style.Styles) canvas.Style { return s.Warn }
		}
		return cells
	}, true)
}

func muted(s *style.Styles) canvas.Style { return s.Muted }

// Filter implements screen.Filterer.
func (v *leases) Filter(text string) error {
	v.filter = strings.ToLower(text)
	v.refilter()
	return nil
}

// FilterText implements screen.Filterer.
func (v *leases) FilterText() string { return v.filter }

// Tick implements screen.Ticker: the leases count down.
func (v *leases) Tick() {}

// Click implements screen.Pointer.
func (v *leases) Click(_, y int) {
	if i := v.grid.Row(y, len(v.shown)); i >= 0 {
		v.grid.Cursor.At = i
	}
}

// Wheel implements screen.Pointer.
func (v *leases) Wheel(lines int) {
	v.grid.Cursor.At += lines
	v.grid.Cursor.Clamp(len(v.shown))
}
