package tui

import (
	"context"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// probe is a screen that records.
type probe struct {
	table  key.Table
	did    []key.Action
	draws  int
	lives  int
	onDraw func()
}

func (p *probe) Place() screen.Place { return screen.Place{Crumbs: []string{"probe"}} }
func (p *probe) Keys() key.Table     { return p.table }
func (p *probe) Do(a key.Action)     { p.did = append(p.did, a) }
func (p *probe) Draw(*canvas.Canvas) {
	p.draws++
	if p.onDraw != nil {
		p.onDraw()
	}
}

func TestAStormOfChangesCostsOneFrame(t *testing.T) {
	m := newModel(t, cluster.Options{}, 120, 40)
	now := time.Now()
	m.SetClock(func() time.Time { return now })
	p := &probe{}
	scope := screen.NewScope(t.Context(), m)
	m.stack = append(m.stack, &room{screen: p, scope: scope})
	changed := make(chan struct{}, 1)
	scope.Live(changed, func() { p.lives++ })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := make(chan tea.Msg)
	go m.Bridge(ctx, func(msg tea.Msg) { got <- msg })
	const storm = 157
	go func() {
		for range storm {
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	}()
	m.View()
	draws := p.draws
	for p.lives == 0 {
		m.Update(<-got)
		m.View()
	}
	// Time stands still, so whatever else comes falls into the same frame.
	for range 50 {
		m.Update(liveMsg{})
		m.View()
	}
	if p.lives >= storm {
		t.Errorf("%d changes reached the screen one by one", p.lives)
	}
	if n := p.draws - draws; n > 1 {
		t.Errorf("%d frames were composed within one frame's time", n)
	}
	now = now.Add(frameEvery)
	m.Update(frameMsg{})
	m.View()
	if n := p.draws - draws; n != 1 {
		t.Errorf("%d frames after the frame's time, want 1", n)
	}
}

func TestAClosedScreenHearsNothingMore(t *testing.T) {
	m := newModel(t, cluster.Options{}, 120, 40)
	scope := screen.NewScope(t.Context(), m)
	ran := false
	m.flush()
	screen.Call(scope, "slow", time.Minute, func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}, func(int, error) { ran = true })
	cmds := m.flush()
	if len(cmds) != 1 || !m.Busy() {
		t.Fatalf("%d commands, busy %v", len(cmds), m.Busy())
	}
	scope.Close()
	m.Update(cmds[0]()) // returns because the scope's end cancels the call
	if ran {
		t.Error("the result reached a closed screen")
	}
	for _, c := range m.calls {
		if c.what == "slow" {
			t.Error("the call is still counted")
		}
	}
}

func TestACoveredScreenHearsWhatItMissedWhenItIsSeenAgain(t *testing.T) {
	m := newModel(t, cluster.Options{}, 120, 40)
	below, above := screen.NewScope(t.Context(), m), screen.NewScope(t.Context(), m)
	m.stack = []*room{{screen: &probe{}, scope: below}, {screen: &probe{}, scope: above}}
	m.Update(nil)
	heard := map[string]int{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	msgs := make(chan tea.Msg)
	go m.Bridge(ctx, func(msg tea.Msg) { msgs <- msg })
	for name, scope := range map[string]*screen.Scope{"below": below, "above": above} {
		changed := make(chan struct{}, 1)
		changed <- struct{}{}
		scope.Live(changed, func() { heard[name]++ })
	}
	for heard["above"] == 0 {
		m.Update(<-msgs)
	}
	if heard["below"] != 0 {
		t.Fatal("a covered screen was given live data")
	}
	m.stack = m.stack[:1]
	for heard["below"] == 0 { // fails by the test's own deadline
		m.Update(nil)
		select {
		case msg := <-msgs:
			m.Update(msg)
		default:
		}
	}
}

func TestARestingSourceWaitsForItsTurn(t *testing.T) {
	b := newBridge()
	now := time.Now()
	s := &source{rests: now.Add(time.Hour)}
	b.mark(s)
	<-b.wake
	if turns := b.take(now); len(turns) != 0 {
		t.Fatal("it had a turn while it rests")
	}
	b.mark(s)
	if turns := b.take(now.Add(time.Hour)); len(turns) != 1 {
		t.Fatalf("%d turns after its rest, want 1", len(turns))
	}
}
