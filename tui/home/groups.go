package home

import "github.com/podarium/podarium/tui/screen"

// group is a part of the screen.
type group struct {
	title, note string
	items       []item
	empty       string
}

// item is a line of a group: a glyph, a name, a word, and then either text or squares or bars.
type item struct {
	id     string
	health screen.Health
	mark   string // in place of the glyph of the health
	name   string
	word   string // stands at the right, in the colour of the health
	news   string // what is wrong, in the colour of the health
	detail string
	// told is a sentence: after the detail, and in lines below where there is room for them.
	told    string
	use     *use // of a node
	squares []screen.Health
	spark   []uint32 // a bar a second
	open    screen.Request
}

// The titles of the groups.
const (
	titleWrites     = "WRITES"
	titleComponents = "CONTROL PLANE"
	titleNodes      = "NODES"
	titleWorkloads  = "WORKLOADS"
	titleWarnings   = "WARNINGS"
	titleWriters    = "WHO WRITES"
	titleWritten    = "WHAT IS WRITTEN"
	titleLately     = "LATELY"
	titleChanging   = "WHAT CHANGES"
)

// The groups by their places in view.groups: the order in which the cursor goes through them.
const (
	writes = iota
	components
	nodes
	working
	warnings
	writers
	written
	lately
	groupCount
)
