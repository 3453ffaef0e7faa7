package manage

import (
	"context"
	"fmt"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// askEvery is how often members and leases are asked for: etcd does not tell of them by itself.
const askEvery = 2 * time.Second

const askTimeout = 15 * time.Second

// overview is the screen of the cluster as a whole.
type overview struct {
	scope *screen.Scope
	store *etcdview.Store
	grid  grid.Grid // of the members

	data    *etcdview.Overview
	leases  []etcdview.Lease
	all     int // leases
	read    time.Time
	err     error
	samples []sample // of the size, for the growth

	fills      fills
	fillsAt    time.Time // when that was read
	fillsAsked bool      // it is being read

	meter *meter // nil where writes are not counted
	by    dimension
}

func openOverview(s *screen.Scope, _ access.Overview) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	v := &overview{scope: s, store: store}
	if s.Cluster().Disposable() { // watching all of another's store may be a load on it
		v.count()
	}
	v.ask(true)
	return v, nil
}

// count begins to count writes.
func (v *overview) count() {
	if v.meter == nil {
		v.meter = startMeter(v.scope.Context(), v.store, access.Root(v.scope), access.Decoding(v.scope))
		v.scope.Live(v.meter.changed, func() {}) // only to be drawn
	}
}

// ask reads the state, and where that is meant asks again after a while.
func (v *overview) ask(again bool) {
	type state struct {
		o      *etcdview.Overview
		leases []etcdview.Lease
		all    int
	}
	const most = 100 // leases
	what := "ask etcd"
	if again && !v.read.IsZero() { // nobody waits for it
		what = ""
	}
	screen.Call(v.scope, what, askTimeout, func(ctx context.Context) (state, error) {
		o, err := v.store.Overview(ctx)
		if err != nil {
			return state{}, err
		}
		leases, all, err := v.store.Leases(ctx, most)
		return state{o, leases, all}, err
	}, func(s state, err error) {
		if v.err = err; err == nil {
			v.data, v.leases, v.all, v.read = s.o, s.leases, s.all, v.scope.Now()
			v.sampled()
			v.askFills()
		}
		if again {
			v.scope.After(askEvery, func() { v.ask(true) })
		}
	})
}

// largest is the member with the largest file.
func largest(o *etcdview.Overview) *etcdview.Member {
	m := &o.Members[0]
	for i := range o.Members {
		if o.Members[i].Size > m.Size {
			m = &o.Members[i]
		}
	}
	return m
}

// member is the one under the cursor, nil for none.
func (v *overview) member() *etcdview.Member {
	if v.data == nil || v.grid.Cursor.At >= len(v.data.Members) {
		return nil
	}
	return &v.data.Members[v.grid.Cursor.At]
}

// Tick implements screen.Ticker: leases count down, and writes pass out of the minute.
func (v *overview) Tick() {}

// Place implements screen.Screen.
func (v *overview) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"etcd", "overview"}}
	switch {
	case v.err != nil:
		p.State = screen.State{Health: screen.Bad, Text: "etcd does not answer: " + screen.Reason(v.err)}
	case v.data == nil:
		p.State = screen.State{Health: screen.Unknown, Text: "asking"}
	default:
		p.State = health(v.data)
		p.Note = "cluster " + v.data.ClusterID
	}
	if access.Writes(v.scope) != nil {
		p.Note += "  read-only"
	}
	return p
}

// health sums up members and alarms.
func health(o *etcdview.Overview) screen.State {
	led, down, space := false, 0, 0.0
	for i := range o.Members {
		m := &o.Members[i]
		led = led || m.Leader
		if m.Err != "" {
			down++
		}
		if m.Quota > 0 {
			space = max(space, float64(m.Size)/float64(m.Quota))
		}
	}
	switch {
	case len(o.Alarms) > 0:
		return screen.State{Health: screen.Bad, Text: "alarm " + o.Alarms[0].Type}
	case !led:
		return screen.State{Health: screen.Bad, Text: "no leader"}
	case down > 0:
		return screen.State{Health: screen.Poor, Text: fmt.Sprintf("%d of %d members do not answer", down, len(o.Members))}
	case space > 0.95:
		return screen.State{Health: screen.Poor, Text: fmt.Sprintf("%.0f %% of the quota is full", 100*space)}
	}
	return screen.State{Health: screen.Good, Text: "healthy"}
}

// Keys implements screen.Screen.
func (v *overview) Keys() key.Table { return overviewKeys().With(v.meter == nil, actCount) }

// Do implements screen.Screen.
func (v *overview) Do(a key.Action) {
	members := 0
	if v.data != nil {
		members = len(v.data.Members)
	}
	switch {
	case v.grid.Cursor.Move(a, members):
	case a == actTree:
		v.scope.Open(screen.Etcd{})
	case a == actWatch:
		v.scope.Open(access.Changes{Prefixes: []string{access.Root(v.scope)}})
	case a == actSpace:
		v.scope.Open(access.Space{})
	case a == actAudit:
		v.scope.Open(access.Audit{})
	case a == actLeases:
		v.scope.Open(access.Leases{})
	case a == actUsers:
		v.scope.Open(access.Users{})
	case a == actDone:
		v.scope.Open(access.Done{})
	case a == actCount:
		v.count()
	case a == actNext:
		v.by = (v.by + 1) % dimensions
	case a == actReload:
		v.fillsAt = time.Time{}
		v.ask(false)
	default:
		v.operate(a)
	}
}

// Click implements screen.Pointer.
func (v *overview) Click(_, y int) {
	if v.data == nil {
		return
	}
	if i := v.grid.Row(y, len(v.data.Members)); i >= 0 && i < len(v.data.Members) {
		v.grid.Cursor.At = i
	}
}

// Wheel implements screen.Pointer.
func (v *overview) Wheel(lines int) {
	if v.data != nil {
		v.grid.Cursor.At += lines
		v.grid.Cursor.Clamp(len(v.data.Members))
	}
}
