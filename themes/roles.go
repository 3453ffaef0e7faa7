package themes

// Role is what a colour means on the screen. Nothing on the screen has a colour that is not a role.
type Role string

// The roles. Health (ok, warn, error) is never told by a colour alone: a glyph and a word go with it.
const (
	// Surfaces.
	Background Role = "background" // behind everything
	Raised     Role = "raised"     // behind dialogs and the command line
	Selection  Role = "selection"  // behind the row under the cursor
	// Text.
	Text    Role = "text"    // what is read
	Muted   Role = "muted"   // what is read second: units, labels, hints
	Heading Role = "heading" // column and section headings
	Accent  Role = "accent"  // the one accent: where the user is, what a key does
	// Lines.
	Rule Role = "rule" // thin lines between areas
	// Health.
	OK    Role = "ok"
	Warn  Role = "warn"
	Error Role = "error"
	Info  Role = "info" // in progress, finished, neither good nor bad
	// Change.
	Changed Role = "changed" // a cell that has just changed
	Added   Role = "added"   // a line that a change adds
	Removed Role = "removed" // a line that a change removes
	// Match.
	Match Role = "match" // what a search found
	// Mark.
	Marked Role = "marked" // a marked row
)

// Roles lists every role. A theme must set all of them.
func Roles() []Role {
	return []Role{
		Background, Raised, Selection, Text, Muted, Heading, Accent, Rule, OK, Warn, Error, Info, Changed, Added, Removed, Match, Marked,
	}
}

// Surfaces lists the roles that are drawn behind text.
func Surfaces() []Role { return []Role{Background, Raised, Selection} }

// Texts lists the roles that are read, and so must stand out from every surface.
func Texts() []Role {
	return []Role{Text, Muted, Heading, Accent, OK, Warn, Error, Info, Changed, Added, Removed, Match, Marked}
}
