package screen

import (
	"fmt"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// Health is how it goes with something. It is always shown by a glyph and a word, and a colour only beside them.
type Health int

// The kinds of health, from what needs no eye to what needs it first.
const (
	Unknown Health = iota
	Idle           // at rest: finished, scaled to nothing, suspended
	Good
	Busy // on its way: rolling out, starting, terminating
	Poor // not as it should be, and may come right by itself
	Bad  // broken
)

// State is a health in words.
type State struct {
	Health Health
	Text   string
}

// Glyph stands before the word. All of them are one column wide in every font.
func (h Health) Glyph() string {
	switch h {
	case Idle:
		return "○"
	case Good:
		return "●"
	case Busy:
		return "◐"
	case Poor:
		return "▲"
	case Bad:
		return "✗"
	default:
		return "·"
	}
}

// Style is the colour that goes with it.
func (h Health) Style(s *style.Styles) canvas.Style {
	switch h {
	case Good:
		return s.OK
	case Busy:
		return s.Info
	case Poor:
		return s.Warn
	case Bad:
		return s.Error
	default:
		return s.Muted
	}
}

// Count is a number of things in words: 1 Pod, 3 Pods.
func Count(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
