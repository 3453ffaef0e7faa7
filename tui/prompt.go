package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/canvas"
)

type promptMode int

const (
	promptOff promptMode = iota
	promptCommand
	promptFilter
)

// prompt is the line at the foot of the screen in which commands and filters are typed. The editing is bubbles'; the
// drawing is ours, with the rest of the best candidate in grey behind the cursor.
type prompt struct {
	mode    promptMode
	input   textinput.Model
	err     error
	history []string
	at      int // in history; len(history) for what is being typed
	typed   string
	// Candidates for the word under the cursor, and the one chosen with tab; -1 for none.
	candidates []candidate
	chosen     int
	before     string // the filter to go back to
}

// candidate is a word that completion offers, with what it means.
type candidate struct{ text, note string }

// maxHistory bounds the commands that are remembered.
const maxHistory = 200

func (p *prompt) open(m *Model, mode promptMode, text string) {
	p.mode, p.err, p.chosen, p.at = mode, nil, -1, len(p.history)
	p.input = textinput.New()
	p.input.Prompt = ""
	p.input.SetValue(text)
	p.input.CursorEnd()
	_ = p.input.Focus() // the command it returns only blinks a cursor that is not drawn
	p.before = text
	if mode == promptCommand {
		m.session.LoadNamespaces(m.root)
		m.learnContexts()
	}
	p.complete(m)
}

func (p *prompt) close() { p.mode, p.candidates = promptOff, nil }

func (p *prompt) press(m *Model, k tea.KeyPressMsg) {
	switch k.String() {
	case "esc", "ctrl+c":
		if p.mode == promptFilter {
			p.filter(m, p.before)
		}
		p.close()
	case "enter":
		p.enter(m)
	case "tab", "shift+tab":
		p.choose(m, k.String() == "tab")
	case "right", "ctrl+f":
		if ghost := p.ghost(); ghost != "" && p.input.Position() == len([]rune(p.input.Value())) {
			p.set(m, p.input.Value()+ghost)
			return
		}
		p.edit(m, k)
	case "up", "ctrl+p":
		p.recall(m, -1)
	case "down", "ctrl+n":
		p.recall(m, +1)
	case "backspace":
		if p.input.Value() == "" {
			p.close()
			return
		}
		p.edit(m, k)
	case "ctrl+u":
		p.set(m, "")
	default:
		p.edit(m, k)
	}
}

func (p *prompt) paste(m *Model, msg tea.PasteMsg) { p.edit(m, msg) }

func (p *prompt) edit(m *Model, msg tea.Msg) {
	before := p.input.Value()
	p.input, _ = p.input.Update(msg) // its commands only blink
	if p.input.Value() != before {
		p.changed(m)
	}
}

func (p *prompt) set(m *Model, text string) {
	p.input.SetValue(text)
	p.input.CursorEnd()
	p.changed(m)
}

func (p *prompt) changed(m *Model) {
	p.err, p.chosen = nil, -1
	if p.mode == promptFilter {
		p.filter(m, p.input.Value())
		return
	}
	p.complete(m)
}

func (p *prompt) filter(m *Model, text string) {
	if f, ok := m.filterer(); ok {
		p.err = f.Filter(text)
	}
}

func (p *prompt) complete(m *Model) {
	p.candidates = nil
	if p.mode == promptCommand {
		p.candidates = m.candidates(p.input.Value())
	}
}

// learn completes anew after a call, which may have brought kinds or namespaces.
func (p *prompt) learn(m *Model) {
	if p.mode == promptCommand && p.chosen < 0 {
		p.complete(m)
	}
}

// choose puts the next candidate into the line.
func (p *prompt) choose(m *Model, forward bool) {
	if p.mode != promptCommand || len(p.candidates) == 0 {
		return
	}
	n := len(p.candidates)
	switch {
	case p.chosen < 0 && forward:
		p.chosen, p.typed = 0, p.input.Value()
	case p.chosen < 0:
		p.chosen, p.typed = n-1, p.input.Value()
	case forward:
		p.chosen = (p.chosen + 1) % n
	default:
		p.chosen = (p.chosen + n - 1) % n
	}
	head, _ := lastWord(p.typed)
	p.input.SetValue(head + p.candidates[p.chosen].text)
	p.input.CursorEnd()
	if n == 1 { // nothing to choose between: go on to the argument, or into the directory
		next := " "
		if strings.HasSuffix(p.input.Value(), "/") {
			next = ""
		}
		p.set(m, p.input.Value()+next)
	}
}

// ghost is what the best candidate would add.
func (p *prompt) ghost() string {
	if p.mode != promptCommand || len(p.candidates) == 0 || p.input.Value() == "" || p.chosen >= 0 {
		return ""
	}
	_, word := lastWord(p.input.Value())
	rest, ok := strings.CutPrefix(p.candidates[0].text, word)
	if !ok {
		return ""
	}
	return rest
}

func (p *prompt) recall(m *Model, by int) {
	if p.mode != promptCommand || len(p.history) == 0 {
		return
	}
	if p.at == len(p.history) {
		p.typed = p.input.Value()
	}
	p.at = max(0, min(p.at+by, len(p.history)))
	text := p.typed
	if p.at < len(p.history) {
		text = p.history[p.at]
	}
	p.set(m, text)
}

func (p *prompt) enter(m *Model) {
	text := strings.TrimSpace(p.input.Value())
	mode := p.mode
	if mode == promptFilter {
		if p.err == nil {
			p.close()
		}
		return
	}
	p.close()
	if text == "" {
		return
	}
	p.remember(text)
	m.command(text)
}

func (p *prompt) remember(text string) {
	p.history = slices.DeleteFunc(p.history, func(s string) bool { return s == text })
	p.history = append(p.history, text)
	if len(p.history) > maxHistory {
		p.history = p.history[1:]
	}
}

// draw draws the line, and returns where the terminal's cursor goes.
func (p *prompt) draw(m *Model, c *canvas.Canvas) (x int) {
	s := m.styles
	c = c.WithBase(s.Raised)
	sign := ":"
	if p.mode == promptFilter {
		sign = "/"
	}
	x = c.Text(1, 0, s.Key, sign)
	value := []rune(p.input.Value())
	room := c.Width() - x - 2
	skip := max(0, p.input.Position()-room)
	end := c.Text(x, 0, s.Text, string(value[min(skip, len(value)):]))
	cursor := x + canvas.Width(string(value[min(skip, len(value)):p.input.Position()]))
	end = c.Text(end, 0, s.Muted, p.ghost())
	note := ""
	switch {
	case p.err != nil:
		note = p.err.Error()
	case p.mode == promptFilter:
		note = "text  !not  regexp  -l label=value   enter keeps, esc clears"
	}
	if note != "" && end+3 < c.Width()-1 {
		style := s.Muted
		if p.err != nil {
			style = s.Error
		}
		note = canvas.Truncate(note, c.Width()-end-4)
		c.Right(c.Width()-1, 0, style, note)
	}
	return cursor
}

// drawCandidates draws the list of words over the last lines of the body.
func (p *prompt) drawCandidates(m *Model, body *canvas.Canvas) {
	n := min(len(p.candidates), 8, body.Height()-2)
	if p.mode != promptCommand || n <= 0 {
		return
	}
	first := 0
	if p.chosen >= n {
		first = p.chosen - n + 1
	}
	wide := 0
	for _, cand := range p.candidates {
		wide = max(wide, canvas.Width(cand.text))
	}
	wide = min(wide, body.Width()/2)
	c := body.Cut(0, body.Height()-n, body.Width(), n).WithBase(m.styles.Raised)
	for i := range n {
		cand := p.candidates[first+i]
		c.Clip(2, i, wide, m.styles.Text, cand.text)
		c.Clip(2+wide+2, i, c.Width()-wide-5, m.styles.Muted, cand.note)
		if first+i == p.chosen {
			c.Paint(0, i, c.Width(), m.styles.Selection)
			c.Text(0, i, canvas.Style{Fg: m.styles.Accent.Fg, Bg: m.styles.Selection.Bg}, "▸")
		}
	}
}

// lastWord splits a line into what comes before its last word, and that word.
func lastWord(line string) (head, word string) {
	i := strings.LastIndexByte(line, ' ')
	return line[:i+1], line[i+1:]
}
