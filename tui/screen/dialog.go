package screen

import (
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// DrawDialog draws a dialog in its frame in the middle of the screen. Only the frame and tests need it.
func DrawDialog(c *canvas.Canvas, s *style.Styles, d Dialog) {
	w, h, title := c.Width(), c.Height(), d.Title()
	dw, dh := d.Size(w-8, h-6)
	dw, dh = min(max(dw, canvas.Width(title)+4), w-8), min(dh, h-6)
	box := c.Cut((w-dw-4)/2, max(1, (h-dh-2)/2), dw+4, dh+2).WithBase(s.Raised)
	inside := box.Frame(s.Rule)
	box.Text(2, 0, s.Title, " "+canvas.Truncate(title, dw)+" ")
	d.Draw(inside.Cut(1, 0, dw, dh))
}
