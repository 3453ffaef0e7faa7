// Package logs shows the logs of a container, of a Pod, or of all Pods of a workload, coloured by Pod. Pods that come
// later and containers that start again join by themselves. Lines are kept up to a bound; what is let go is counted and
// the count is shown, so nothing is lost without a word.
package logs

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// Module registers the screen.
func Module() screen.Module {
	return screen.Module{
		Name:   "Logs",
		Routes: []screen.Route{screen.To(open)},
		Keys:   map[string]key.Table{"Logs": keys()},
	}
}

const (
	actFollow   key.Action = "follow"
	actTime     key.Action = "timestamps"
	actPrevious key.Action = "previous"
	actMark     key.Action = "mark"
	actClear    key.Action = "clear"
	actCopy     key.Action = "copy"
	actRange    key.Action = "range." // and an index of ranges
)

// ranges are how far back the keys 0 to 6 go.
var ranges = []struct {
	name  string
	tail  int64
	since time.Duration
}{
	{"the last 500 lines", 500, 0}, {"all", -1, 0}, {"1 minute", 0, time.Minute}, {"5 minutes", 0, 5 * time.Minute},
	{"15 minutes", 0, 15 * time.Minute}, {"30 minutes", 0, 30 * time.Minute}, {"1 hour", 0, time.Hour},
}

func keys() key.Table {
	t := key.Table{
		{Action: actFollow, Keys: []string{"s"}, Hint: "follow", Help: "follow the end, or stay", Group: "View"},
		{Action: actTime, Keys: []string{"t"}, Hint: "time", Help: "show the time of each line, or not", Group: "View"},
		{Action: actPrevious, Keys: []string{"p"}, Hint: "previous", Help: "the logs before the last restart, or those of now", Group: "View"},
		{Action: actMark, Keys: []string{"m"}, Hint: "mark", Help: "draw a line here", Group: "View"},
		{Action: actClear, Keys: []string{"C"}, Help: "clear", Group: "View"},
		{Action: actCopy, Keys: []string{"c"}, Help: "copy what is shown", Group: "Mark and copy"},
	}
	for i, r := range ranges {
		d := fmt.Sprint(i)
		t = append(t, key.Binding{Action: actRange + key.Action(d), Keys: []string{d}, Help: "begin with " + r.name, Group: "How far back"})
	}
	return append(t, pager.Keys()...)
}

type view struct {
	scope   *screen.Scope
	request screen.Logs
	query   query
	span    int
	store   *store
	stop    context.CancelFunc
	err     error

	pager  pager.Pager
	times  bool
	filter string
	match  *regexp.Regexp
	not    bool

	laid    int // lines laid out so far, counted from the store's first ever
	dropped int
	open    int
	pods    int
}

var (
	_ screen.Screen   = (*view)(nil)
	_ screen.Filterer = (*view)(nil)
	_ screen.Pointer  = (*view)(nil)
	_ screen.Subject  = (*view)(nil)
)

const readTimeout = 10 * time.Second

func open(s *screen.Scope, r screen.Logs) (screen.Screen, error) {
	v := &view{scope: s, request: r, query: query{namespace: r.Namespace, container: r.Container, previous: r.Previous, tail: ranges[0].tail}}
	v.pager.Follow(true)
	if r.Resource.Resource == "pods" {
		v.query.field = "metadata.name=" + r.Name
		v.start()
		return v, nil
	}
	c := s.Cluster()
	screen.Call(s, "selector of "+r.Name, readTimeout, func(ctx context.Context) (string, error) {
		u, err := c.Dynamic().Resource(r.Resource).Namespace(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		return selector(u)
	}, func(labels string, err error) {
		if v.err = err; err == nil {
			v.query.labels = labels
			v.start()
		}
	})
	return v, nil
}

// selector is the label selector of a workload, in kubectl's syntax.
func selector(u *unstructured.Unstructured) (string, error) {
	m, ok, err := unstructured.NestedMap(u.Object, "spec", "selector")
	if err != nil || !ok {
		return "", fmt.Errorf("%s has no selector of Pods", u.GetName())
	}
	if _, nested := m["matchLabels"]; !nested && m["matchExpressions"] == nil { // a ReplicationController, a Service
		plain, _, err := unstructured.NestedStringMap(u.Object, "spec", "selector")
		if err != nil {
			return "", err
		}
		return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: plain}), nil
	}
	var s metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(m, &s); err != nil {
		return "", fmt.Errorf("selector of %s: %w", u.GetName(), err)
	}
	return metav1.FormatLabelSelector(&s), nil
}

// start reads anew, with the query in force.
func (v *view) start() {
	if v.stop != nil {
		v.stop()
	}
	ctx, cancel := context.WithCancel(v.scope.Context())
	st := newStore()
	v.stop, v.store, v.laid, v.dropped = cancel, st, 0, 0
	v.pager.SetLines(nil)
	c, q := v.scope.Cluster(), v.query
	go st.run(ctx, c, q)
	v.scope.Live(st.changed, func() {
		if v.store == st {
			v.refresh()
		}
	})
}

// refresh lays out the lines that have come; all of them where the store has let some go.
func (v *view) refresh() {
	lines, dropped, open, pods, err := v.store.snapshot()
	v.err, v.open, v.pods = err, open, pods
	shown := v.pager.Lines()
	if dropped != v.dropped || dropped+len(lines) < v.laid {
		shown, v.laid, v.dropped = nil, dropped, dropped
	}
	for _, l := range lines[v.laid-dropped:] {
		if v.wanted(l) {
			shown = append(shown, v.layout(l))
		}
	}
	v.laid = dropped + len(lines)
	v.pager.SetLines(shown)
}

// again lays out everything.
func (v *view) again() {
	v.pager.SetLines(nil)
	v.laid = 0
	if v.store != nil {
		v.dropped = -1
		v.refresh()
	}
}

func (v *view) wanted(l line) bool {
	return v.match == nil || l.notice || v.match.MatchString(l.text) != v.not
}

// inks tell Pods apart.
var inks = []pager.Ink{pager.Accent, pager.Info, pager.Warn, pager.OK, pager.Marked, pager.Heading}

func (v *view) layout(l line) pager.Line {
	var out pager.Line
	if v.times {
		out = append(out, pager.Span{Text: l.at.Local().Format("15:04:05.000 "), Ink: pager.Muted})
	}
	if l.source != nil {
		name := l.source.container
		if v.request.Resource.Resource != "pods" {
			name = l.source.pod
		}
		if v.request.Container == "" {
			out = append(out, pager.Span{Text: name + " ", Ink: inks[l.source.n%len(inks)]})
		}
	}
	ink := pager.Ink(nil)
	if l.notice {
		ink = pager.Muted
	}
	return append(out, pager.Span{Text: strings.ReplaceAll(l.text, "\t", "    "), Ink: ink})
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	r := v.request
	p := screen.Place{Crumbs: []string{r.Namespace, r.Resource.Resource, r.Name}}
	if r.Container != "" {
		p.Crumbs = append(p.Crumbs, r.Container)
	}
	p.Note = fmt.Sprintf("logs   %s   %d lines", ranges[v.span].name, len(v.pager.Lines()))
	if v.query.previous {
		p.Note = fmt.Sprintf("logs before the last restart   %d lines", len(v.pager.Lines()))
	}
	if v.dropped > 0 {
		p.Note += fmt.Sprintf(" (%d older ones let go)", v.dropped)
	}
	if v.filter != "" {
		p.Note += "   /" + v.filter
	}
	switch {
	case v.err != nil:
		p.State = screen.State{Health: screen.Bad, Text: v.err.Error()}
	case v.open > 0 && v.pager.Following():
		p.State = screen.State{Health: screen.Good, Text: "following " + streams(v.open)}
	case v.open > 0:
		p.State = screen.State{Health: screen.Idle, Text: "staying; " + streams(v.open) + " open"}
	case v.pods == 0:
		p.State = screen.State{Health: screen.Busy, Text: "no container has started yet"}
	default:
		p.State = screen.State{Health: screen.Idle, Text: "ended"}
	}
	return p
}

func streams(n int) string {
	if n == 1 {
		return "1 container"
	}
	return fmt.Sprintf("%d containers", n)
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table { return keys() }

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	if i, ok := strings.CutPrefix(string(a), string(actRange)); ok {
		v.span = int(i[0] - '0')
		v.query.tail, v.query.since = ranges[v.span].tail, ranges[v.span].since
		v.start()
		return
	}
	if v.pager.Do(a) || v.store == nil {
		return
	}
	switch a {
	case actFollow:
		v.pager.Follow(!v.pager.Following())
	case actTime:
		v.times = !v.times
		v.again()
	case actPrevious:
		v.query.previous = !v.query.previous
		v.start()
	case actMark:
		v.store.add(line{at: v.scope.Now(), text: "──────── " + v.scope.Now().Format("15:04:05") + " ────────", notice: true})
	case actClear:
		v.store.clear()
		v.again()
	case actCopy:
		var b strings.Builder
		for _, l := range v.pager.Lines() {
			b.WriteString(l.String() + "\n")
		}
		v.scope.Copy(b.String())
		v.scope.Say(screen.Good, fmt.Sprintf("copied %d lines", len(v.pager.Lines())))
	}
}

// Filter implements screen.Filterer: only lines that match are shown; with a ! before, only those that do not.
func (v *view) Filter(text string) error {
	rest, not := strings.CutPrefix(text, "!")
	var re *regexp.Regexp
	if rest != "" {
		var err error
		if re, err = regexp.Compile("(?i)" + rest); err != nil {
			return fmt.Errorf("not a regular expression: %w", err)
		}
	}
	v.filter, v.match, v.not = text, re, not
	if not {
		v.pager.Highlight("")
	} else {
		v.pager.Highlight(rest)
	}
	v.again()
	return nil
}

func (v *view) FilterText() string            { return v.filter }
func (v *view) Click(int, int)                {}
func (v *view) Wheel(lines int)               { v.pager.Scroll(lines) }
func (v *view) Object() (screen.Object, bool) { return v.request.Object, true }

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if len(v.pager.Lines()) == 0 {
		c.Text(2, 1, s.Muted, "no lines")
		return
	}
	v.pager.Draw(c.Cut(1, 0, c.Width()-1, c.Height()), s)
}
