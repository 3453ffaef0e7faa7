// Package screen is the contract between the frame of the terminal UI and the screens in it.
//
// A screen is told what to do by actions and draws itself into a rectangle; it is opened by a request, and asks for all
// that lies outside of it through its Scope: calls with a deadline, live data, other screens, dialogs, messages.
//
// Guarantees to a screen: all its methods, and all functions it hands to its Scope, run on one goroutine, the UI's, so a
// screen needs no locks. After it was closed none of them runs again, its calls are cancelled and its live data is
// dropped. Duties of a screen: no method may block or do I/O (put that into a Call); Draw changes nothing.
package screen

import (
	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
)

// Screen is one screen of the back stack.
type Screen interface {
	// Place says where the user is.
	Place() Place
	// Keys is the table of what can be done here now. The frame adds its own keys, and a screen's go first.
	Keys() key.Table
	// Do does what a key of the table asks for.
	Do(a key.Action)
	// Draw draws the screen into c, which is as large as the body of the frame.
	Draw(c *canvas.Canvas)
}

// Closer is a screen that has something to release. Calls and live data of its Scope need no release.
type Closer interface{ Close() }

// Ticker is a screen that shows the time: Tick is called once a second while it is on top, and before a redraw.
type Ticker interface{ Tick() }

// Shower is told when it comes on top, at first and after what covered it was closed.
type Shower interface{ Shown() }

// Filterer is a screen that the filter line (/) works on. Filter is called with each key typed there.
type Filterer interface {
	// Filter applies a filter; an empty one shows all. The error says what is wrong with it; the last good one stays.
	Filter(text string) error
	// FilterText is the filter in force.
	FilterText() string
}

// Typer is a screen that takes text itself: it sees keys before any table does, and says which it has used.
type Typer interface {
	Type(k tea.KeyPressMsg) (used bool)
	Paste(text string)
}

// Pointer is a screen that the mouse works on. Coordinates are those of the canvas it was last drawn on.
type Pointer interface {
	Click(x, y int)
	// Wheel scrolls by lines, down where positive.
	Wheel(lines int)
}

// Configured is a screen that is told when the user's configuration has changed.
type Configured interface{ Configured() }

// Columned is a screen whose cursor is on a row: what stands in a column of it, by the column's name.
type Columned interface {
	Column(name string) (text string, ok bool)
}

// Subject is a screen with an object under the cursor. The frame uses it for keys that work everywhere.
type Subject interface{ Object() (Object, bool) }

// Place says where the user is, and in what state that is: the title line of the frame.
type Place struct {
	// Crumbs lead here, from the general to the particular: default, deployments, web.
	Crumbs []string
	// Note follows the crumbs, muted: a count, a filter.
	Note string
	// State stands at the right, with a glyph: how it goes with what is shown.
	State State
}

// Dialog is a question over the screen. It takes all keys until it is done.
type Dialog interface {
	// Title stands in the frame of the dialog.
	Title() string
	// Size is how large it wants to be inside of its frame, given how large it may be.
	Size(maxWidth, maxHeight int) (width, height int)
	// Draw draws its inside.
	Draw(c *canvas.Canvas)
	// Update takes a tea.KeyPressMsg or a tea.PasteMsg and says whether the dialog is done.
	Update(msg tea.Msg) (done bool)
}
