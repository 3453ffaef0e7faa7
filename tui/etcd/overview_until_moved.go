// Until packages manage and report are whole: whoever brings them deletes this file.

package etcd

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Overview is the request for etcd at a glance: members, space, alarms, leases, who writes.
type Overview struct{}

const (
	actSpace key.Action = "etcd.space"
	actAudit key.Action = "etcd.audit"
)

// askEvery is how often members and leases are asked for: etcd does not tell of them by itself.
const askEvery = 2 * time.Second

// window is the time over which writes are counted.
const window = 60 * time.Second

// overview is the screen of the cluster as a whole.
type overview struct {
	scope *screen.Scope
	store *etcdview.Store

	data   *etcdview.Overview
	leases []etcdview.Lease
	all    int // leases
	read   time.Time
	err    error
	first  *sample // of the size, for the growth

	feed   *etcdview.Feed
	seq    uint64
	writes []write
	top    int
}

type sample struct {
	at   time.Time
	size int64
}

// write is one event, as far as the counting needs it.
type write struct {
	at               time.Time
	resource, writer string
}

func overviewKeys() key.Table {
	return key.Table{
		{Action: actTree, Keys: []string{"t", "enter"}, Hint: "tree", Help: "the keys as a tree", Group: groupOpen},
		{Action: actWatch, Keys: []string{"W"}, Hint: "watch", Help: "changes as they happen", Group: groupOpen},
		{Action: actSpace, Keys: []string{"s"}, Hint: "space", Help: "what fills the database", Group: groupOpen},
		{Action: actAudit, Keys: []string{"a"}, Hint: "audit", Help: "what is wrong in the registry", Group: groupOpen},
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: groupMove},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: groupMove},
	}
}

func openOverview(s *screen.Scope, _ Overview) (screen.Screen, error) {
	store, err := source(s)
	if err != nil {
		return nil, err
	}
	v := &overview{scope: s, store: store}
	if s.Cluster().Disposable() { // watching all of another's store may be a load on it
		v.feed = store.Feed(s.Context(), etcdview.WatchOptions{Key: s.Cluster().EtcdPrefix() + "/", Prefix: true}, etcdview.FeedOptions{Keep: 2000})
		s.Live(v.feed.Changed(), v.count)
	}
	v.ask()
	return v, nil
}

// ask reads the state, and asks again after a while.
func (v *overview) ask() {
	type state struct {
		o      *etcdview.Overview
		leases []etcdview.Lease
		all    int
	}
	const most = 200
	screen.Call(v.scope, "ask etcd", readTimeout, func(ctx context.Context) (state, error) {
		o, err := v.store.Overview(ctx)
		if err != nil {
			return state{}, err
		}
		leases, all, err := v.store.Leases(ctx, most)
		return state{o, leases, all}, err
	}, func(s state, err error) {
		v.err = err
		if err == nil {
			v.data, v.leases, v.all, v.read = s.o, s.leases, s.all, v.scope.Now()
			if size := v.size(); v.first == nil && size > 0 {
				v.first = &sample{v.read, size}
			}
		}
		v.scope.After(askEvery, v.ask)
	})
}

// size is that of the largest member's file.
func (v *overview) size() int64 {
	var most int64
	for i := range v.data.Members {
		most = max(most, v.data.Members[i].Size)
	}
	return most
}

// count takes in what was written.
func (v *overview) count() {
	entries, state := v.feed.Since(v.seq)
	v.seq = state.Seen
	o := decodeOptions(v.scope)
	for i, e := range entries {
		if e.Gap != nil {
			continue
		}
		w := write{at: e.Received, resource: e.KV.Key, writer: "(not recorded)"}
		if obj, ok := registry.Parse(o.Prefix, e.KV.Key); ok {
			w.resource = obj.GroupResource.String()
		}
		switch {
		case e.Type == etcdview.Delete:
			w.writer = "(deletions)"
		case i < describeAtOnce: // a storm is counted, but not decoded in full
			val := decode.Decode(v.scope.Context(), e.KV.Key, e.KV.Value, o)
			var old *decode.Value
			if e.Prev != nil {
				p := decode.Decode(v.scope.Context(), e.Prev.Key, e.Prev.Value, o)
				old = &p
			}
			if who, ok := decode.WriterOf(&val, old); ok {
				w.writer = who.Manager
			}
		}
		v.writes = append(v.writes, w)
	}
	v.forget()
}

func (v *overview) forget() {
	since := v.scope.Now().Add(-window)
	n := 0
	for n < len(v.writes) && v.writes[n].at.Before(since) {
		n++
	}
	v.writes = v.writes[n:]
}

// Tick implements screen.Ticker.
func (v *overview) Tick() { v.forget() }

// Place implements screen.Screen.
func (v *overview) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"etcd", "overview"}}
	switch {
	case v.err != nil:
		p.State = screen.State{Health: screen.Bad, Text: "etcd does not answer"}
	case v.data == nil:
		p.State = screen.State{Health: screen.Unknown, Text: "asking"}
	default:
		p.State = health(v.data)
	}
	return p
}

// health sums up members and alarms.
func health(o *etcdview.Overview) screen.State {
	led, down := false, 0
	for _, m := range o.Members {
		led = led || m.Leader
		if m.Err != "" {
			down++
		}
	}
	switch {
	case len(o.Alarms) > 0:
		return screen.State{Health: screen.Bad, Text: "alarm " + o.Alarms[0].Type}
	case !led:
		return screen.State{Health: screen.Bad, Text: "no leader"}
	case down > 0:
		return screen.State{Health: screen.Poor, Text: fmt.Sprintf("%d of %d members do not answer", down, len(o.Members))}
	}
	return screen.State{Health: screen.Good, Text: "healthy"}
}

// Keys implements screen.Screen.
func (v *overview) Keys() key.Table { return overviewKeys() }

// Do implements screen.Screen.
func (v *overview) Do(a key.Action) {
	switch a {
	case actTree:
		v.scope.Open(screen.Etcd{})
	case actWatch:
		v.scope.Open(Changes{Prefix: v.scope.Cluster().EtcdPrefix() + "/"})
	case actSpace:
		v.scope.Open(Space{})
	case actAudit:
		v.scope.Open(Audit{})
	case actDown:
		v.top = min(v.top+1, max(0, len(v.leases)-1))
	case actUp:
		v.top = max(0, v.top-1)
	}
}

// Draw implements screen.Screen.
func (v *overview) Draw(full *canvas.Canvas) {
	s := v.scope.Styles()
	c := full.Cut(1, 0, full.Width()-2, full.Height())
	if v.data == nil {
		text := "asking etcd …"
		if v.err != nil {
			text = "✗ " + v.err.Error()
		}
		c.Clip(0, 0, c.Width(), s.Muted, text)
		return
	}
	y := v.drawMembers(c, s)
	y = v.drawSpace(c, y+1, s)
	if c.Width() >= 110 {
		half := c.Width() / 2
		v.drawLeases(c.Cut(0, y+1, half-2, c.Height()-y-1), s)
		v.drawWrites(c.Cut(half, y+1, c.Width()-half, c.Height()-y-1), s)
		return
	}
	h := (c.Height() - y - 1) / 2
	v.drawWrites(c.Cut(0, y+1, c.Width(), h), s)
	v.drawLeases(c.Cut(0, y+1+h, c.Width(), c.Height()-y-1-h), s)
}

func (v *overview) drawMembers(c *canvas.Canvas, s *style.Styles) int {
	format := "%-14s %-9s %-8s %9s %9s %6s %9s %6s %10s"
	row := func(name, role, version, size, inUse, term, applied, lag, latency string) string {
		return fmt.Sprintf(format, canvas.Truncate(name, 14), role, version, size, inUse, term, applied, lag, latency)
	}
	if c.Width() < 100 {
		format = "%-14s %-9s %-8s %9s %9s %6s %10s"
		row = func(name, role, version, size, inUse, _, _, lag, latency string) string {
			return fmt.Sprintf(format, canvas.Truncate(name, 14), role, version, size, inUse, lag, latency)
		}
	}
	c.Clip(2, 0, c.Width()-2, s.Heading, row("MEMBER", "ROLE", "VERSION", "SIZE", "IN USE", "TERM", "APPLIED", "LAG", "LATENCY"))
	y := 1
	for i := range v.data.Members {
		m := &v.data.Members[i]
		state, role := screen.Good, "follower"
		switch {
		case m.Err != "":
			c.Text(0, y, s.Error, screen.Bad.Glyph())
			c.Clip(2, y, c.Width()-2, s.Error, fmt.Sprintf("%-14s does not answer: %s", m.Name, m.Err))
			y++
			continue
		case m.Leader:
			role = "leader"
		case m.Learner:
			role = "learner"
		}
		if len(m.Errors) > 0 {
			state = screen.Poor
		}
		c.Text(0, y, state.Style(s), state.Glyph())
		c.Clip(2, y, c.Width()-2, s.Text, row(m.Name, role, m.Version, etcdview.Size(m.Size), etcdview.Size(m.InUse), thousands(int64(m.Term)),
			thousands(int64(m.Applied)), thousands(int64(v.data.Lag(m))), m.Latency.Round(10*time.Microsecond).String()))
		y++
	}
	return y
}

func (v *overview) drawSpace(c *canvas.Canvas, y int, s *style.Styles) int {
	m := v.data.Members[0]
	for _, o := range v.data.Members {
		if o.Size > m.Size {
			m = o
		}
	}
	x := c.Text(0, y, s.Heading, "SPACE") + 5
	if m.Quota > 0 {
		used := float64(m.Size) / float64(m.Quota)
		state := screen.Good
		switch {
		case used > 0.95:
			state = screen.Bad
		case used > 0.8:
			state = screen.Poor
		}
		const cells = 20
		n := int(used*cells + 0.999)
		x = c.Text(x, y, state.Style(s), strings.Repeat("■", min(cells, n)))
		x = c.Text(x, y, s.Muted, strings.Repeat("□", cells-min(cells, n)))
		x = c.Text(x+1, y, s.Text, fmt.Sprintf("%s of %s, %.1f %%", etcdview.Size(m.Size), etcdview.Size(m.Quota), 100*used)) + 2
	} else {
		x = c.Text(x, y, s.Text, etcdview.Size(m.Size)) + 2
	}
	frag := fmt.Sprintf("%.0f %% free within", 100*m.Fragmentation())
	x = c.Text(x, y, s.Muted, frag) + 2
	if f := v.first; f != nil && v.read.Sub(f.at) >= 10*time.Second {
		perHour := float64(m.Size-f.size) / v.read.Sub(f.at).Hours()
		if perHour >= 1 {
			c.Clip(x, y, c.Width()-x, s.Muted, "grows "+etcdview.Size(int64(perHour))+"/h")
		}
	}
	y++
	x = c.Text(0, y, s.Heading, "REVISION") + 2
	text := thousands(v.data.Revision)
	if v.data.CompactRevision > 0 {
		text += ", kept from " + thousands(v.data.CompactRevision)
	}
	c.Clip(x, y, c.Width()-x, s.Text, text)
	y++
	x = c.Text(0, y, s.Heading, "ALARMS") + 4
	if len(v.data.Alarms) == 0 {
		c.Text(x, y, s.Muted, "none")
	}
	for _, a := range v.data.Alarms {
		x = c.Text(x, y, s.Error, "✗ "+a.Type+" ("+a.Member+")") + 2
	}
	return y + 1
}

func (v *overview) drawLeases(c *canvas.Canvas, s *style.Styles) {
	c.Text(0, 0, s.Heading, "LEASES")
	c.Right(c.Width(), 0, s.Muted, thousands(int64(v.all)))
	passed := int64(v.scope.Now().Sub(v.read).Seconds())
	body := c.Cut(0, 1, c.Width(), c.Height()-1)
	for i := 0; i < body.Height() && v.top+i < len(v.leases); i++ {
		l := v.leases[v.top+i]
		left := max(0, l.Remaining-passed)
		body.Right(9, i, s.Text, (time.Duration(left) * time.Second).String())
		body.Text(10, i, s.Muted, "of "+(time.Duration(l.TTL)*time.Second).String())
		what := "no keys"
		if n := len(l.Keys); n > 0 {
			what = l.Keys[0]
			if n > 1 {
				what += fmt.Sprintf("  +%d", n-1)
			}
		}
		body.Clip(22, i, body.Width()-22, s.Text, what)
	}
}

func (v *overview) drawWrites(c *canvas.Canvas, s *style.Styles) {
	c.Text(0, 0, s.Heading, "WRITES, last 60 s")
	if v.feed == nil {
		c.Clip(0, 1, c.Width(), s.Muted, "not counted: W watches a part of the store")
		return
	}
	c.Right(c.Width(), 0, s.Muted, thousands(int64(len(v.writes))))
	resources, writers := map[string]int{}, map[string]int{}
	for _, w := range v.writes {
		resources[w.resource]++
		writers[w.writer]++
	}
	half := c.Width() / 2
	drawTop(c.Cut(0, 1, half-2, c.Height()-1), s, "by resource", resources)
	drawTop(c.Cut(half, 1, c.Width()-half, c.Height()-1), s, "by writer", writers)
}

// drawTop draws the largest counts with a bar each.
func drawTop(c *canvas.Canvas, s *style.Styles, head string, counts map[string]int) {
	c.Text(0, 0, s.Muted, head)
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, n := range names {
		if i+1 >= c.Height() {
			return
		}
		const bar = 6
		width := c.Width() - bar - 6
		c.Clip(0, i+1, width, s.Text, n)
		c.Right(width+5, i+1, s.Text, thousands(int64(counts[n])))
		c.Text(width+6, i+1, s.Accent, strings.Repeat("■", max(1, counts[n]*bar/counts[names[0]])))
	}
}
