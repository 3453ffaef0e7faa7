package shell

import "github.com/podarium/podarium/tui/key"

// leader is the key that tells the UI that the next one is for it: telnet's.
const leader = "ctrl+]"

const (
	actLeave    key.Action = "leave"
	actAgain    key.Action = "again"
	actLiteral  key.Action = "literal"
	actLook     key.Action = "look"
	actStay     key.Action = "stay"
	actCopy     key.Action = "copy"
	actDown     key.Action = "down"
	actUp       key.Action = "up"
	actPageDown key.Action = "page-down"
	actPageUp   key.Action = "page-up"
	actTop      key.Action = "top"
	actBottom   key.Action = "bottom"
)

// runKeys are those of a session that runs. All others go to the container.
func runKeys() key.Table {
	return key.Table{
		{Action: actLeave, Keys: []string{leader + " q", leader + " esc"}, Hint: "leave", Help: "end the session and leave", Group: "Terminal"},
		{Action: actLook, Keys: []string{leader + " [", leader + " pgup"}, Hint: "look back", Help: "look at what has scrolled away", Group: "Terminal"},
		{Action: actCopy, Keys: []string{leader + " c"}, Hint: "copy", Help: "copy the terminal's text", Group: "Terminal"},
		{Action: actAgain, Keys: []string{leader + " r"}, Help: "end the session and begin another", Group: "Terminal"},
		{Action: actLiteral, Keys: []string{leader + " " + leader}, Help: "ctrl-] for the container", Group: "Terminal"},
	}
}

func backKeys() key.Table {
	return append(key.Table{
		{Action: actStay, Keys: []string{"esc", "q", "enter"}, Hint: "type on", Help: "back to the end, and to the container", Group: "Terminal"},
		{Action: actCopy, Keys: []string{"c"}, Hint: "copy", Help: "copy the terminal's text", Group: "Terminal"},
	}, moveKeys()...)
}

func endKeys() key.Table {
	return append(key.Table{
		{Action: actLeave, Keys: []string{"enter", "esc", "q"}, Hint: "leave", Help: "leave", Group: "Terminal"},
		{Action: actAgain, Keys: []string{"r"}, Hint: "again", Help: "begin another session", Group: "Terminal"},
		{Action: actCopy, Keys: []string{"c"}, Hint: "copy", Help: "copy the terminal's text", Group: "Terminal"},
	}, moveKeys()...)
}

func moveKeys() key.Table {
	return key.Table{
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
		{Action: actPageDown, Keys: []string{"ctrl+f", "pgdown", "space"}, Help: "a page down", Group: "Move"},
		{Action: actPageUp, Keys: []string{"ctrl+b", "pgup"}, Help: "a page up", Group: "Move"},
		{Action: actTop, Keys: []string{"g", "home"}, Help: "to the oldest line", Group: "Move"},
		{Action: actBottom, Keys: []string{"G", "end"}, Help: "to the end", Group: "Move"},
	}
}
