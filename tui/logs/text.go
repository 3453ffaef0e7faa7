package logs

import (
	"regexp"
	"strings"

	"github.com/podarium/podarium/cluster/livelog"
	"github.com/podarium/podarium/tui/pager"
)

// text is a log as a pager shows it: lines are made when they are looked at, however many there are. With a filter it
// keeps the numbers of the lines that match, and looks at each line once.
type text struct {
	snap *livelog.Snapshot
	// times puts the time before each line. byContainer names the container rather than the Pod; single names nothing.
	times, byContainer, single bool

	match *regexp.Regexp
	not   bool
	found []uint64 // numbers of matching lines, counted from the first line ever
	seen  uint64   // lines looked at so far, counted so too
	pods  map[string]int
}

var _ pager.Source = (*text)(nil)

// take goes on to a newer snapshot and returns how many of the lines shown are gone from the front.
func (t *text) take(s *livelog.Snapshot) (gone int) {
	before := t.snap
	t.snap = s
	if s.Dropped+uint64(s.Len()) < t.seen || s.Dropped < before.Dropped { // it was cleared, or begun anew
		t.found, t.seen = nil, 0
		t.look()
		return 0
	}
	if t.match == nil {
		t.seen = s.Dropped + uint64(s.Len())
		return int(s.Dropped - before.Dropped)
	}
	for len(t.found) > 0 && t.found[0] < s.Dropped {
		t.found = t.found[1:]
		gone++
	}
	t.look()
	return gone
}

// filter shows only what matches, or only what does not; nil shows all.
func (t *text) filter(match *regexp.Regexp, not bool) {
	t.match, t.not, t.found, t.seen = match, not, nil, 0
	t.look()
}

// look looks at the lines that have not been looked at.
func (t *text) look() {
	s := t.snap
	end := s.Dropped + uint64(s.Len())
	if t.match != nil {
		for n := max(t.seen, s.Dropped); n < end; n++ {
			if t.match.Match(s.Line(int(n-s.Dropped)).Text) != t.not {
				t.found = append(t.found, n)
			}
		}
	}
	t.seen = end
}

// Len implements pager.Source.
func (t *text) Len() int {
	if t.match == nil {
		return t.snap.Len()
	}
	return len(t.found)
}

// inks tell Pods apart.
var inks = []pager.Ink{pager.Accent, pager.Info, pager.Warn, pager.OK, pager.Marked, pager.Heading}

// Line implements pager.Source.
func (t *text) Line(i int) pager.Line {
	if t.match != nil {
		i = int(t.found[i] - t.snap.Dropped)
	}
	l := t.snap.Line(i)
	var out pager.Line
	if t.times {
		at := "             "
		if !l.Time.IsZero() {
			at = l.Time.Local().Format("15:04:05.000 ")
		}
		out = append(out, pager.Span{Text: at, Ink: pager.Muted})
	}
	if !t.single {
		name := l.Source.Pod
		if t.byContainer {
			name = l.Source.Container
		}
		out = append(out, pager.Span{Text: name + " ", Ink: inks[t.number(name)%len(inks)]})
	}
	var ink pager.Ink
	if l.Time.IsZero() {
		ink = pager.Warn // a node's error in place of a line
	}
	return append(out, pager.Span{Text: strings.ReplaceAll(string(l.Text), "\t", "    "), Ink: ink})
}

// number gives names numbers in the order in which they are first seen.
func (t *text) number(name string) int {
	n, ok := t.pods[name]
	if !ok {
		if t.pods == nil {
			t.pods = map[string]int{}
		}
		n = len(t.pods)
		t.pods[name] = n
	}
	return n
}
