// Package logs shows the logs of a container, of a Pod, or of all Pods of a workload, coloured by Pod. Pods that come
// later and containers that start again join by themselves. Lines are kept up to a bound; what is let go is counted and
// the count is shown, so nothing is lost without a word.
package logs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livelog"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/save"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
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
	actClear    key.Action = "clear"
	actCopy     key.Action = "copy"
	actOnly     key.Action = "only"
	actJSON     key.Action = "json"
	actMark     key.Action = "mark"
	actAll      key.Action = "containers"
	actExpand   key.Action = "expand"
	actRange    key.Action = "range." // and an index of ranges
)

// span is how far back logs go.
type span struct {
	name  string
	tail  int64
	since time.Duration
}

// ranges are the spans of the keys 0 to 6. The first is what the configuration says.
var ranges = []span{
	{"what the configuration says, else the last 500 lines", 500, 0}, {"all", 0, 0}, {"1 minute", 0, time.Minute}, {"5 minutes", 0, 5 * time.Minute},
	{"15 minutes", 0, 15 * time.Minute}, {"30 minutes", 0, 30 * time.Minute}, {"1 hour", 0, time.Hour},
}

func keys() key.Table {
	t := key.Table{
		{Action: actFollow, Keys: []string{"s"}, Hint: "follow", Help: "follow the end, or stay", Group: "View"},
		{Action: actTime, Keys: []string{"t"}, Hint: "time", Help: "show the time of each line, or not", Group: "View"},
		{Action: actPrevious, Keys: []string{"p"}, Hint: "previous", Help: "the logs before the last restart, or those of now", Group: "View"},
		{Action: actJSON, Keys: []string{"J"}, Hint: "json", Help: "JSON lines as level, message and key=value, or as they are", Group: "View"},
		{Action: actExpand, Keys: []string{"enter"}, Help: "the lines in sight whole, JSON indented", Group: "View"},
		{Action: actOnly, Keys: []string{"f"}, Help: "with a filter: only what matches, or all lines with the matches highlighted", Group: "View"},
		{Action: actAll, Keys: []string{"a"}, Help: "all containers, or the one that was asked for", Group: "View"},
		{Action: actClear, Keys: []string{"C"}, Help: "clear", Group: "View"},
		{Action: actMark, Keys: []string{"m"}, Help: "draw a line here, to see what comes after it", Group: "Mark and copy"},
		{Action: actCopy, Keys: []string{"c"}, Help: "copy what is shown, the newest 5000 lines of it", Group: "Mark and copy"},
		save.Key("the lines that are shown"),
	}
	for i, r := range ranges {
		d := fmt.Sprint(i)
		t = append(t, key.Binding{Action: actRange + key.Action(d), Keys: []string{d}, Help: "begin with " + r.name, Group: "How far back"})
	}
	return append(t, pager.Keys()...)
}

// configured is the span that the configuration asks for.
func configured(c config.Logs) span {
	since, err := time.ParseDuration(c.Since)
	switch {
	case c.Since != "" && err == nil:
		return span{"the last " + c.Since, 0, since}
	case c.Tail == 0:
		return span{"all", 0, 0}
	}
	return span{fmt.Sprintf("the last %d lines", c.Tail), int64(c.Tail), 0}
}

type view struct {
	scope   *screen.Scope
	request screen.Logs
	query   livelog.Query
	first   span // of the key 0
	span    span
	log     *livelog.Log
	text    *text
	err     error

	pager  pager.Pager
	filter string
	all    bool // lines that do not match the filter are shown too
	// looking says that lines are still to be looked at for the filter.
	looking bool
	height  int // of the last Draw
}

var (
	_ screen.Screen   = (*view)(nil)
	_ screen.Closer   = (*view)(nil)
	_ screen.Filterer = (*view)(nil)
	_ screen.Pointer  = (*view)(nil)
	_ screen.Subject  = (*view)(nil)
)

const readTimeout = 10 * time.Second

// newView is the screen before anything is read, as the configuration wants it.
func newView(s *screen.Scope, r screen.Logs) *view {
	v := &view{scope: s, request: r, text: &text{snap: &livelog.Snapshot{}}}
	v.text.byContainer = r.Resource.Resource == "pods" && len(r.Also) == 0
	v.text.single = r.Container != ""
	if !v.text.byContainer && r.Resource.Resource != "pods" {
		v.text.of = r.Name
	}
	o := session.Of(s).Config().Logs
	v.first = configured(o)
	v.span = v.first
	v.text.times, v.text.json = o.Timestamps, o.JSON
	v.pager.Wrap(o.Wrap)
	v.pager.Follow(true)
	v.pager.SetSource(v.text)
	return v
}

func open(s *screen.Scope, r screen.Logs) (screen.Screen, error) {
	v := newView(s, r)
	c := s.Cluster()
	screen.Call(s, "Pods of "+r.Name, readTimeout, func(ctx context.Context) (livelog.Query, error) {
		if len(r.Also) > 0 {
			return several(append([]screen.Object{r.Object}, r.Also...)), nil
		}
		return livelog.For(ctx, c, changes.Ref(r.Object))
	}, func(q livelog.Query, err error) {
		if v.err = err; err == nil {
			q.Container, q.Previous, q.Tail, q.Since = r.Container, r.Previous, v.span.tail, v.span.since
			q.MaxBytes = session.Of(s).Config().Logs.Buffer << 20
			v.query = q
			v.start()
		}
	})
	return v, nil
}

// several is the query for some Pods.
func several(pods []screen.Object) livelog.Query {
	q := livelog.Query{Namespace: pods[0].Namespace}
	for _, p := range pods {
		if p.Namespace != q.Namespace {
			q.Namespace = "" // the Pods of all namespaces are looked through for these
		}
		q.Pods = append(q.Pods, types.NamespacedName{Namespace: p.Namespace, Name: p.Name})
	}
	return q
}

// start reads anew, with the query in force.
func (v *view) start() {
	v.Close()
	l := livelog.Open(v.scope.Context(), v.scope.Cluster(), v.query)
	v.log = l
	v.refresh()
	v.scope.Live(l.Changed(), func() {
		if v.log == l {
			v.refresh()
		}
	})
}

// Close implements screen.Closer.
func (v *view) Close() {
	if v.log != nil {
		go v.log.Close() // it waits for the streams to end, which can take a while
	}
}

func (v *view) refresh() {
	gone := v.text.take(v.log.Snapshot())
	if !v.pager.Following() {
		v.pager.Scroll(-gone) // stay with the lines in sight
	}
	v.look()
}

// glance is how long lines may be looked at for the filter before keys are answered again.
const glance = 4 * time.Millisecond

// look looks for what matches the filter, a glance at a time, until it has seen all lines.
func (v *view) look() {
	more := v.text.look(glance)
	v.pager.SetSource(v.text)
	if more && !v.looking {
		v.looking = true
		v.scope.After(time.Millisecond, func() {
			v.looking = false
			v.look()
		})
	}
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
	if v.pager.Do(a) || v.looks(a) || v.log == nil {
		return
	}
	if i, ok := strings.CutPrefix(string(a), string(actRange)); ok {
		v.span = ranges[i[0]-'0']
		if i == "0" {
			v.span = v.first
		}
		v.query.Tail, v.query.Since = v.span.tail, v.span.since
		v.start()
		return
	}
	switch a {
	case actPrevious:
		v.query.Previous = !v.query.Previous
		v.start()
	case actClear:
		v.log.Clear()
		v.refresh()
	case actAll:
		v.toggleContainers()
	}
}

// looks does what changes only how the lines are looked at.
func (v *view) looks(a key.Action) bool {
	switch a {
	case actFollow:
		v.pager.Follow(!v.pager.Following())
	case actTime:
		v.text.times = !v.text.times
	case actJSON:
		v.text.json = !v.text.json
	case actMark:
		v.text.mark(v.scope.Now())
		v.pager.SetSource(v.text)
	case actOnly:
		v.all = !v.all
		v.narrow()
	case actExpand:
		v.expand()
	case actCopy:
		v.copy()
	case save.Action:
		save.Stream(v.scope, "log-"+v.request.Name, "log", v.text.frozen().write)
	default:
		return false
	}
	return true
}

// maxCopy is how many lines go to the clipboard: terminals take no more than some megabytes.
const maxCopy = 5000

func (v *view) copy() {
	var b strings.Builder
	n := v.pager.Len()
	from := max(0, n-maxCopy)
	for i := from; i < n; i++ {
		b.WriteString(v.pager.Line(i).String() + "\n")
	}
	v.scope.Copy(b.String())
	text := "copied " + grid.Plural(int64(n-from), "line")
	if from > 0 {
		text = fmt.Sprintf("copied the newest %d of %d lines: ctrl-s saves all", n-from, n)
	}
	v.scope.Say(screen.Good, text)
}

func (v *view) toggleContainers() {
	if v.request.Container == "" {
		v.scope.Say(screen.Idle, "all containers are shown")
		return
	}
	if v.query.Container == "" {
		v.query.Container = v.request.Container
	} else {
		v.query.Container = ""
	}
	v.text.single = v.query.Container != ""
	v.start()
}

// expand shows the lines in sight whole.
func (v *view) expand() {
	var lines []pager.Line
	for i := v.pager.At(); i < v.pager.Len() && len(lines) < 1000 && i < v.pager.At()+v.height; i++ {
		l, m := v.text.at(i)
		if m != nil {
			continue
		}
		prefix := v.text.prefix(l)
		for n, part := range expanded(l.Text) {
			if n > 0 {
				prefix = nil
			}
			lines = append(lines, append(prefix, pager.Span{Text: strings.ReplaceAll(part, "\t", "    ")}))
		}
	}
	if len(lines) > 0 {
		v.scope.Ask(dialog.NewText(v.scope, "Lines "+fmt.Sprint(v.pager.At()+1)+" and on", lines))
	}
}

// Filter implements screen.Filterer: only lines that match are shown; with a ! before, only those that do not.
func (v *view) Filter(typed string) error {
	if _, err := newMatcher(typed); err != nil {
		return err
	}
	v.filter = typed
	v.narrow()
	return nil
}

// narrow puts the filter into force.
func (v *view) narrow() {
	m, err := newMatcher(v.filter)
	if err != nil {
		return // Filter has checked it
	}
	highlight := ""
	if m != nil && !m.not {
		highlight = v.filter
	}
	if v.all && highlight != "" {
		m = nil
	}
	v.text.filter(m)
	v.pager.Highlight(highlight)
	v.look()
}

func (v *view) FilterText() string            { return v.filter }
func (v *view) Click(int, int)                {}
func (v *view) Wheel(lines int)               { v.pager.Scroll(lines) }
func (v *view) Object() (screen.Object, bool) { return v.request.Object, true }

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if v.pager.Len() == 0 {
		c.Text(2, 1, s.Muted, v.none())
		return
	}
	v.height = c.Height()
	v.pager.Draw(c.Cut(1, 0, c.Width()-1, c.Height()), s)
}
