package gate

import (
	"sync"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// reverse is what the cursor in a field looks like.
const reverse = uv.AttrReverse

// running shows how something goes that is being done, and what came of it. It can be closed at any time: what is being
// done goes on, and its end is then told in the status line.
type running struct {
	scope   *screen.Scope
	title   string
	changed chan struct{}
	pager   pager.Pager
	closed  bool
	over    bool

	mu    sync.Mutex
	lines []pager.Line
}

var _ screen.Dialog = (*running)(nil)

func newRunning(s *screen.Scope, step *Step) *running {
	r := &running{scope: s, title: step.Name + " " + step.Target, changed: make(chan struct{}, 1)}
	r.pager.Wrap(true)
	s.Live(r.changed, r.refresh)
	return r
}

// report adds a line. A line that ends in … is progress: the next one takes its place. It may be called on any goroutine.
func (r *running) report(line string) {
	r.add(pager.Plain(line, nil))
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *running) add(l pager.Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.lines); n > 0 && progress(r.lines[n-1]) {
		r.lines = r.lines[:n-1]
	}
	r.lines = append(r.lines, l)
}

func progress(l pager.Line) bool {
	text := []rune(l.String())
	return len(text) > 0 && text[len(text)-1] == '…'
}

// end says what came of it, in the dialog, or where that is closed in the status line.
func (r *running) end(result string, err error) {
	r.over = true
	switch {
	case err != nil && r.closed:
		r.scope.Fail(err)
	case r.closed:
		r.scope.Say(screen.Good, result)
	case err != nil:
		r.add(pager.Plain(screen.Bad.Glyph()+" "+err.Error(), pager.Error))
	default:
		r.add(pager.Plain(screen.Good.Glyph()+" "+result, pager.OK))
	}
	r.refresh()
}

func (r *running) refresh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pager.SetLines(append([]pager.Line(nil), r.lines...))
}

// Title implements screen.Dialog.
func (r *running) Title() string { return r.title }

// Size implements screen.Dialog.
func (r *running) Size(maxWidth, maxHeight int) (int, int) {
	w := 60
	for i := range r.pager.Len() {
		w = max(w, min(canvas.Width(r.pager.Line(i).String())+2, maxWidth))
	}
	h := 4
	for i := range r.pager.Len() {
		h += max(1, (canvas.Width(r.pager.Line(i).String())+w-3)/(w-2))
	}
	return min(w, maxWidth), min(max(h, 6), maxHeight)
}

// Draw implements screen.Dialog.
func (r *running) Draw(c *canvas.Canvas) {
	s := r.scope.Styles()
	r.pager.Draw(c.Cut(0, 1, c.Width(), c.Height()-3), s)
	note := "under way; esc leaves it to go on"
	if r.over {
		note = "enter or esc closes"
	}
	c.Right(c.Width(), c.Height()-1, s.Muted, note)
}

// Update implements screen.Dialog.
func (r *running) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	switch k.String() {
	case "esc", "q":
		r.closed = true
		return true
	case "enter":
		r.closed = r.over
		return r.over
	}
	if b, ok := pager.Keys().Find(k.String()); ok {
		r.pager.Do(b.Action)
	}
	return false
}
