package tui

import (
	"image"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// The actions of the frame.
const (
	actCommand  key.Action = "command"
	actFilter   key.Action = "filter"
	actHelp     key.Action = "help"
	actBack     key.Action = "back"
	actPrevious key.Action = "history.back"
	actNext     key.Action = "history.forward"
	actLast     key.Action = "history.last"
	actRedraw   key.Action = "redraw"
	actQuit     key.Action = "quit"
	actUndo     key.Action = "undo"
	actDone     key.Action = "done"
	actTab      key.Action = "tab.open"
	actWords    key.Action = "words"
	actSide     key.Action = "pane"
	actSideNext key.Action = "pane.next"
	actSideIn   key.Action = "pane.focus"
)

// frameKeys work on every screen, after the screen's own.
func frameKeys() key.Table {
	return key.Table{
		{Action: actCommand, Keys: []string{":"}, Hint: "command", Help: "open the command line: any resource by name or short name, or a command", Group: "Everywhere"},
		{Action: actFilter, Keys: []string{"/"}, Hint: "filter", Help: "filter what is shown, or search it", Group: "Everywhere"},
		{Action: actHelp, Keys: []string{"?"}, Hint: "help", Help: "list the keys of this screen", Group: "Everywhere"},
		{Action: actBack, Keys: []string{"esc", "q"}, Help: "clear the filter, cancel what is under way, or go back", Group: "Everywhere"},
		{Action: actPrevious, Keys: []string{"["}, Help: "go to the screen visited before", Group: "Everywhere"},
		{Action: actNext, Keys: []string{"]"}, Help: "go to the screen visited after", Group: "Everywhere"},
		{Action: actLast, Keys: []string{"-"}, Help: "go to the last screen, and back again", Group: "Everywhere"},
		{Action: actUndo, Keys: []string{"U"}, Help: "take back the last change made from here, after a preview", Group: "Everywhere", Changes: true},
		{Action: actDone, Keys: []string{"D"}, Help: "what was changed from here", Group: "Everywhere"},
		{Action: actSide, Keys: []string{"|"}, Help: "a pane with the object under the cursor, which follows the cursor; again takes it away", Group: "Everywhere"},
		{Action: actSideNext, Keys: []string{`\`}, Help: "what the pane shows: YAML, description, events, the key in etcd, logs", Group: "Everywhere"},
		{Action: actSideIn, Keys: []string{"`"}, Help: "into the pane, and back", Group: "Everywhere"},
		{Action: actWords, Keys: []string{"ctrl+a"}, Help: "all that the command line takes: kinds, commands and aliases", Group: "Everywhere"},
		{Action: actTab, Keys: []string{"ctrl+t"}, Help: "open another cluster in a tab", Group: "Everywhere"},
		{Action: actRedraw, Keys: []string{"ctrl+r"}, Help: "draw the whole screen anew", Group: "Everywhere"},
		{Action: actQuit, Keys: []string{"ctrl+c"}, Help: "quit", Group: "Everywhere"},
	}
}

// press routes a key from the inside out: dialog, command line, the screen's own text, the screen's keys, the frame's.
func (m *Model) press(k tea.KeyPressMsg) {
	if b, ok := m.tabKeys().Find(k.String()); ok { // also over a dialog: that belongs to its tab
		m.doTab(b.Action)
		return
	}
	if n := len(m.dialogs); n > 0 {
		d := m.dialogs[n-1]
		if k.String() == "ctrl+c" || d.Update(k) {
			m.closeDialog(d)
		}
		return
	}
	if m.prompt.mode != promptOff {
		m.prompt.press(m, k)
		return
	}
	if m.message.state.Health == screen.Bad {
		m.message = message{} // an error stays until the next key
	}
	if r := m.active(); r != nil {
		if t, ok := r.screen.(screen.Typer); ok && t.Type(k) {
			return
		}
	}
	for _, l := range m.layers() {
		b, ok := l.table.Find(k.String())
		if !ok {
			continue
		}
		if b.Changes && m.Cluster().ReadOnly() {
			m.Say(screen.State{Health: screen.Poor, Text: "the cluster is read-only: " + b.Help + " is off"})
			return
		}
		l.do(b.Action)
		return
	}
}

// layer is a table of keys with what does its actions.
type layer struct {
	table key.Table
	do    func(key.Action)
}

// layers are the keys that work now; the first that has a key has it.
func (m *Model) layers() []layer {
	frame := layer{table: m.frameTable(), do: m.do}
	r := m.active()
	if r == nil {
		return []layer{frame}
	}
	own := layer{table: m.roomKeys(r), do: r.screen.Do}
	before, after := m.extraLayers(r)
	all := []layer{before, own, frame, after}
	if m.guide != nil {
		all = append(all, layer{table: m.tourTable(), do: m.doTour})
	}
	return all
}

// roomKeys is a screen's table with the user's keys.
func (m *Model) roomKeys(r *room) key.Table {
	return m.keys.table(m.router.Sections(r.request), r.screen.Keys())
}

// frameTable is the frame's table with the user's keys.
func (m *Model) frameTable() key.Table { return frameKeys().Remap(m.keys[sectionFrame]) }

func (m *Model) do(a key.Action) {
	switch a {
	case actCommand:
		m.prompt.open(m, promptCommand, "")
	case actFilter:
		if f, ok := m.filterer(); ok {
			m.prompt.open(m, promptFilter, f.FilterText())
		}
	case actHelp:
		m.help()
	case actBack:
		m.back()
	case actPrevious:
		m.visit(-1)
	case actNext:
		m.visit(+1)
	case actLast:
		m.visitLast()
	case actUndo:
		m.command("undo")
	case actDone:
		m.command("done")
	case actSide:
		m.toggleSide()
	case actSideNext:
		m.turnSide()
	case actSideIn:
		m.focusSide()
	case actWords:
		m.Open(wordList{})
	case actTab:
		m.listContexts(true)
	case actRedraw:
		m.queue = append(m.queue, tea.ClearScreen)
	case actQuit:
		m.askQuit()
	}
}

func (m *Model) help() {
	r := m.active()
	if r == nil {
		return
	}
	if _, ok := r.request.(screen.Help); ok {
		return
	}
	of := ""
	if c := r.screen.Place().Crumbs; len(c) > 0 {
		of = c[len(c)-1]
	}
	var table key.Table
	for _, l := range m.layers() {
		table = append(table, l.table...)
	}
	m.Open(screen.Help{Of: of, Table: append(table, m.tabKeys()...)})
}

// back undoes the innermost thing: a filter, a slow call, and then the screen.
func (m *Model) back() {
	if f, ok := m.filterer(); ok && f.FilterText() != "" {
		_ = f.Filter("") // an empty filter cannot be wrong
		return
	}
	if m.cancelSlow() {
		m.Say(screen.State{Health: screen.Idle, Text: "cancelled"})
		return
	}
	if r := m.top(); r != nil && r.side != nil && r.side.focused {
		r.side.focused = false
		return
	}
	m.Back()
}

func (m *Model) filterer() (screen.Filterer, bool) {
	r := m.active()
	if r == nil {
		return nil, false
	}
	f, ok := r.screen.(screen.Filterer)
	return f, ok
}

func (m *Model) closeDialog(d screen.Dialog) {
	for i := len(m.dialogs) - 1; i >= 0; i-- {
		if m.dialogs[i] == d {
			m.dialogs = append(m.dialogs[:i], m.dialogs[i+1:]...)
			return
		}
	}
}

func (m *Model) paste(msg tea.PasteMsg) {
	switch n := len(m.dialogs); {
	case n > 0:
		if d := m.dialogs[n-1]; d.Update(msg) {
			m.closeDialog(d)
		}
	case m.prompt.mode != promptOff:
		m.prompt.paste(m, msg)
	default:
		if r := m.active(); r != nil {
			if t, ok := r.screen.(screen.Typer); ok {
				t.Paste(msg.Content)
			}
		}
	}
}

// pointed is the room that the mouse points at, with the place in it; nil for none.
func (m *Model) pointed(x, y int) (*room, int, int) {
	r := m.top()
	if r == nil || len(m.dialogs) > 0 {
		return nil, 0, 0
	}
	at := image.Pt(x, y)
	switch {
	case at.In(m.sideBody) && r.side != nil && r.side.room != nil:
		return r.side.room, x - m.sideBody.Min.X, y - m.sideBody.Min.Y
	case at.In(m.body):
		return r, x - m.body.Min.X, y - m.body.Min.Y
	}
	return nil, 0, 0
}

func (m *Model) click(x, y int) {
	if y == tabLine && m.clickTab(x) {
		return
	}
	r, x, y := m.pointed(x, y)
	if r == nil {
		return
	}
	if top := m.top(); top.side != nil {
		top.side.focused = r != top
	}
	if p, ok := r.screen.(screen.Pointer); ok {
		p.Click(x, y)
	}
}

// wheelLines is how far one notch of the wheel goes.
const wheelLines = 3

func (m *Model) wheel(msg tea.MouseWheelMsg) {
	r, _, _ := m.pointed(msg.X, msg.Y)
	if r == nil { // beside the body: the screen is meant
		if r = m.top(); r == nil || len(m.dialogs) > 0 {
			return
		}
	}
	p, ok := r.screen.(screen.Pointer)
	if !ok {
		return
	}
	switch msg.Button {
	case tea.MouseWheelUp:
		p.Wheel(-wheelLines)
	case tea.MouseWheelDown:
		p.Wheel(wheelLines)
	}
}
