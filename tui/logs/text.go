package logs

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster/livelog"
	"github.com/podarium/podarium/tui/pager"
)

// text is a log as a pager shows it: lines are made when they are looked at, however many there are. With a filter it
// keeps the numbers of the lines that match, and looks at each line once, a piece at a time. Lines are numbered from the first line ever.
type text struct {
	snap *livelog.Snapshot
	// times puts the time before each line. byContainer names the container rather than the Pod; single names nothing.
	times, byContainer, single bool
	// of is the workload whose Pods these are: what all their names begin with tells nothing. Empty where they have no such name.
	of string
	// json shows JSON lines as people read them.
	json bool

	match *matcher // nil shows all
	found []uint64 // numbers of matching lines
	seen  uint64   // lines looked at so far
	marks []mark   // oldest first
	pods  map[string]int
}

// mark is a line of the user's between two lines of the log.
type mark struct {
	before uint64 // the number of the line that follows it
	at     time.Time
}

var _ pager.Source = (*text)(nil)

// take goes on to a newer snapshot and returns how many of the lines shown are gone from the front.
func (t *text) take(s *livelog.Snapshot) (gone int) {
	before := t.snap
	was := t.Len()
	t.snap = s
	if s.Dropped+uint64(s.Len()) < t.seen || s.Dropped < before.Dropped { // it was cleared, or begun anew
		t.found, t.seen, t.marks = nil, 0, nil
		return 0
	}
	if t.match == nil {
		t.seen = s.Dropped + uint64(s.Len())
		gone = int(s.Dropped - before.Dropped)
	}
	drop := 0
	for drop < len(t.found) && t.found[drop] < s.Dropped {
		drop++
	}
	t.found = t.found[drop:]
	marks := 0
	for marks < len(t.marks) && t.marks[marks].before <= s.Dropped && s.Dropped > 0 {
		marks++
	}
	t.marks = t.marks[marks:]
	return min(gone+drop+marks, was)
}

// filter shows only what matches; nil shows all. The lines are looked at by look.
func (t *text) filter(m *matcher) {
	t.match, t.found, t.seen = m, nil, 0
	if m == nil {
		t.seen = t.end()
	}
}

func (t *text) end() uint64 { return t.snap.Dropped + uint64(t.snap.Len()) }

// piece is how many lines are looked at between two looks at the clock.
const piece = 512

// look looks at lines that have not been looked at, for no longer than a time, and says whether some are left.
func (t *text) look(limit time.Duration) (more bool) {
	if t.match == nil {
		t.seen = t.end()
		return false
	}
	end, begin := t.end(), time.Now()
	for n := max(t.seen, t.snap.Dropped); n < end; {
		for stop := min(n+piece, end); n < stop; n++ {
			if t.match.match(t.snap.Line(int(n - t.snap.Dropped)).Text) {
				t.found = append(t.found, n)
			}
		}
		t.seen = n
		if n < end && time.Since(begin) > limit {
			return true
		}
	}
	t.seen = end
	return false
}

// lines is how many lines of the log are shown, without marks.
func (t *text) lines() int {
	if t.match == nil {
		return t.snap.Len()
	}
	return len(t.found)
}

// Len implements pager.Source.
func (t *text) Len() int { return t.lines() + len(t.marks) }

// place is where a mark stands among the lines shown.
func (t *text) place(m mark) int {
	if t.match == nil {
		return min(int(m.before-min(m.before, t.snap.Dropped)), t.snap.Len())
	}
	at, _ := slices.BinarySearch(t.found, m.before)
	return at
}

// at is the line of the log that is shown as line i, or the mark that is.
func (t *text) at(i int) (livelog.Line, *mark) {
	for n := range t.marks {
		p := t.place(t.marks[n]) + n
		if p == i {
			return livelog.Line{}, &t.marks[n]
		}
		if p > i {
			return t.line(i - n), nil
		}
	}
	return t.line(i - len(t.marks)), nil
}

func (t *text) line(i int) livelog.Line {
	if t.match != nil {
		i = int(t.found[i] - t.snap.Dropped)
	}
	return t.snap.Line(i)
}

// inks tell Pods apart.
var inks = []pager.Ink{pager.Accent, pager.Info, pager.Warn, pager.OK, pager.Marked, pager.Heading}

// Line implements pager.Source.
func (t *text) Line(i int) pager.Line {
	l, m := t.at(i)
	if m != nil {
		return pager.Line{{Text: "──── " + m.at.Format("15:04:05") + " " + strings.Repeat("─", 200), Ink: pager.Marked}}
	}
	out := t.prefix(l)
	var ink pager.Ink
	if l.Time.IsZero() {
		ink = pager.Warn // a node's error in place of a line
	}
	if t.json {
		if p := pretty(l.Text); p != nil {
			return append(out, p...)
		}
	}
	return append(out, pager.Span{Text: strings.ReplaceAll(string(l.Text), "\t", "    "), Ink: ink})
}

// prefix is what stands before a line: its time and whose it is.
func (t *text) prefix(l livelog.Line) (out pager.Line) {
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
		ink := inks[t.number(name)%len(inks)]
		if short, ok := strings.CutPrefix(name, t.of+"-"); ok && t.of != "" && len(short) >= leastName {
			name = short
		}
		out = append(out, pager.Span{Text: name + " ", Ink: ink})
	}
	return out
}

// leastName is how much of a Pod's name is left at least: the number of a StatefulSet's Pod alone would be no name.
const leastName = 4

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

// mark puts a mark at the end.
func (t *text) mark(now time.Time) {
	t.marks = append(slices.Clone(t.marks), mark{before: t.end(), at: now})
}

// frozen is the text as it is now, for other goroutines.
func (t *text) frozen() *text {
	c := *t
	c.found, c.marks, c.pods = t.found[:len(t.found):len(t.found)], slices.Clone(t.marks), nil
	return &c
}

// write writes every line that is shown.
func (t *text) write(w io.Writer) error {
	b := bufio.NewWriter(w)
	for i := range t.Len() {
		if _, err := b.WriteString(t.Line(i).String() + "\n"); err != nil {
			return err
		}
	}
	return b.Flush()
}
