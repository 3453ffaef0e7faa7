package etcd

import (
	"github.com/podarium/podarium/tui/key"
)

// cursor is a place in a list that is drawn in a window.
type cursor struct {
	at, top int
	height  int // of the window, as it was drawn last
}

// move does a movement in a list of n, and says whether it was one.
func (c *cursor) move(a key.Action, n int) bool {
	page := max(1, c.height-1)
	switch a {
	case actDown:
		c.at++
	case actUp:
		c.at--
	case actPageDown:
		c.at += page
	case actPageUp:
		c.at -= page
	case actTop:
		c.at = 0
	case actBottom:
		c.at = n - 1
	default:
		return false
	}
	c.clamp(n)
	return true
}

func (c *cursor) clamp(n int) { c.at = max(0, min(c.at, n-1)) }

// window is the rows in sight, given how many fit.
func (c *cursor) window(n, height int) (from, to int) {
	c.height = height
	c.clamp(n)
	if c.at < c.top {
		c.top = c.at
	}
	if c.at >= c.top+height {
		c.top = c.at - height + 1
	}
	c.top = max(0, min(c.top, n-height))
	return c.top, min(n, c.top+height)
}
