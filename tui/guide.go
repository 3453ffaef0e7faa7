package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/shell"
	"github.com/podarium/podarium/tui/tour"
)

// Tour says whether the tour is offered.
type Tour struct {
	// Begin begins it with the UI, where it was not begun before.
	Begin bool
	// File remembers that it was; empty for nowhere.
	File string
}

const (
	actTourSkip key.Action = "tour.skip"
	actTourEnd  key.Action = "tour.end"
)

// sectionTour is the section of the tour's keys, in the documentation and the configuration.
const sectionTour = "Tour"

func tourTable() key.Table {
	return key.Table{
		{Action: actTourSkip, Keys: []string{"ctrl+n"}, Help: "skip this step of the tour", Group: "Tour"},
		{Action: actTourEnd, Keys: []string{"ctrl+x"}, Help: "end the tour; :tour begins it again", Group: "Tour"},
	}
}

// guide is the tour on the screen: one line above the foot, for as long as it goes on.
type guide struct {
	tour  *tour.Tour
	scope *screen.Scope // ends what it watches
	table *livetable.Table
	tab   *tab
	last  glance
}

// glance is what the facts were last made of: they are looked at after each message, and seldom are others.
type glance struct {
	generation uint64
	place      tour.Place
	step       int
}

var deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}

// beginTour begins the tour of the cluster in front. It changes the cluster, by the user's hand, so only one of podarium's
// own will do.
func (m *Model) beginTour() error {
	if !m.Cluster().Disposable() || m.Cluster().ReadOnly() || m.Cluster().EtcdOnly() {
		return errors.New("the tour is for podarium's own cluster, where nothing can be broken: start it with 'podarium'")
	}
	m.endTour()
	g := &guide{tour: tour.New(), scope: screen.NewScope(m.life(), m.tab), tab: m.tab}
	g.table = livetable.Open(g.scope.Context(), m.Cluster(), livetable.Query{Resource: deployments})
	g.scope.Live(g.table.Changed(), func() { m.dirty = true }) // the facts are looked at after each message
	m.guide = g
	m.rememberTour()
	return nil
}

// offerTour begins the tour where it is offered and was not begun before.
func (m *Model) offerTour() {
	if !m.o.Tour.Begin || !m.Cluster().Disposable() {
		return
	}
	file := m.o.Tour.File
	screen.Call(m.root, "tour", time.Second, func(context.Context) (bool, error) {
		_, err := os.Stat(file)
		return file != "" && err == nil, nil
	}, func(seen bool, _ error) {
		if !seen && m.guide == nil {
			_ = m.beginTour() // it is podarium's own cluster
		}
	})
}

// rememberTour keeps that the tour was begun, so that it never comes again by itself.
func (m *Model) rememberTour() {
	file := m.o.Tour.File
	if file == "" {
		return
	}
	when := m.clock().UTC().Format(time.RFC3339) + "\n"
	screen.Call(m.root, "remember the tour", time.Second, func(context.Context) (struct{}, error) {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, os.WriteFile(file, []byte(when), 0o600)
	}, func(struct{}, error) {}) // where it cannot be kept, it comes again: no harm
}

func (m *Model) runTour(how string) error {
	switch how {
	case "":
		return m.beginTour()
	case "off":
		m.endTour()
		return nil
	default:
		return fmt.Errorf("the tour knows no %q: :tour begins it, :tour off ends it", how)
	}
}

func (m *Model) endTour() {
	if m.guide != nil {
		m.guide.scope.Close()
		m.guide = nil
	}
}

func (m *Model) doTour(a key.Action) {
	switch a {
	case actTourEnd:
		m.endTour()
		m.Say(screen.State{Health: screen.Idle, Text: "the tour is over; :tour begins it again"})
	case actTourSkip:
		m.guide.tour.Skip()
		m.finishTour()
	}
}

// followTour looks whether the step is done. It is called after each message, and costs next to nothing.
func (m *Model) followTour() {
	g := m.guide
	if g == nil {
		return
	}
	snap := g.table.Snapshot()
	now := glance{generation: snap.Generation}
	_, now.step, _ = g.tour.Step()
	if r := g.tab.top(); r != nil && g.tab == m.tab {
		now.place = tourPlace(r.request)
	}
	if now == g.last {
		return
	}
	g.last = now
	if g.tour.See(tourFacts(snap, now.place)) {
		m.dirty = true
		m.finishTour()
	}
}

func (m *Model) finishTour() {
	if _, _, more := m.guide.tour.Step(); !more {
		m.endTour()
		m.Say(screen.State{Health: screen.Good, Text: "that was the tour: the cluster is yours now   (:tour begins it again)"})
	}
}

func tourFacts(snap *livetable.Snapshot, place tour.Place) tour.Facts {
	f := tour.Facts{Known: snap.Synced, Place: place}
	column := func(name string) int {
		return slices.IndexFunc(snap.Columns, func(c livetable.Column) bool { return c.Name == name })
	}
	ready, images := column("Ready"), column("Images")
	if ready < 0 || images < 0 {
		return f
	}
	for _, r := range snap.Rows {
		f.Deployments = append(f.Deployments, tour.Deployment{UID: string(r.UID), Name: r.Name, Ready: r.Cells[ready].Text, Images: r.Cells[images].Text})
	}
	return f
}

func tourPlace(r screen.Request) tour.Place {
	switch r.(type) {
	case screen.Rollout:
		return tour.Rollout
	case screen.Logs:
		return tour.Logs
	case shell.Session:
		return tour.Shell
	case screen.EtcdKey:
		return tour.EtcdKey
	case screen.Done:
		return tour.Changes
	case screen.Help:
		return tour.Help
	default:
		return tour.Elsewhere
	}
}

// keyIn is {Section:action} in the text of a step.
var keyIn = regexp.MustCompile(`\{([^:}]+):([^}]+)\}`)

// tourText fills in the keys, as the user has them.
func (m *Model) tourText(text string) string {
	all := sections()
	return keyIn.ReplaceAllStringFunc(text, func(found string) string {
		p := keyIn.FindStringSubmatch(found)
		for _, b := range all[p[1]].Remap(m.keys[p[1]]) {
			if string(b.Action) == p[2] && len(b.Keys) > 0 {
				return key.Name(b.Keys[0])
			}
		}
		return p[2]
	})
}

// drawTour draws the step to be done.
func (m *Model) drawTour(c *canvas.Canvas) {
	step, n, more := m.guide.tour.Step()
	if !more {
		return
	}
	s := m.styles
	x := c.Text(1, 0, s.Marked, fmt.Sprintf("tour %d/%d", n, m.guide.tour.Len()))
	do := m.tourText(step.Do)
	right := c.Width() - 1
	for i, word := range []string{" ends it", " skips"} { // how to end it stays where room is short
		b := m.tourTable()[1-i]
		if len(b.Keys) == 0 || i > 0 && right-canvas.Width(key.Name(b.Keys[0])+word)-2 < x+2+canvas.Width(do)+2 {
			continue
		}
		right = c.Right(right, 0, s.Muted, word)
		right = c.Right(right, 0, s.Key, key.Name(b.Keys[0])) - 2
	}
	left := c.Cut(0, 0, right, 1)
	left.Clip(x+2, 0, right-x-2, s.Text, do)
	if why := m.tourText(step.Why); x+2+canvas.Width(do)+3+canvas.Width(why) <= right {
		left.Text(x+2+canvas.Width(do)+3, 0, s.Muted, why)
	}
}

// tourTable is the tour's table with the user's keys.
func (m *Model) tourTable() key.Table { return tourTable().Remap(m.keys[sectionTour]) }
