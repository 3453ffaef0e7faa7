package manage

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// sample is the size of the database at a time, in bytes: of the file, and of what in it is in use.
type sample struct {
	at          time.Time
	size, inUse int64
}

// mostSamples bounds what is kept of the past: when there are as many, every second one is let go.
const mostSamples = 600

// sampled keeps the sizes that were read just now.
func (v *overview) sampled() {
	m := largest(v.data)
	if m.Size <= 0 {
		return
	}
	if len(v.samples) >= mostSamples {
		i := 0
		v.samples = slices.DeleteFunc(v.samples, func(sample) bool {
			i++
			return i%2 == 0
		})
	}
	v.samples = append(v.samples, sample{v.read, m.Size, m.InUse})
}

// growth says how fast the file grows, and when the quota is full.
func (v *overview) growth(m *etcdview.Member) string {
	if len(v.samples) == 0 || v.read.Sub(v.samples[0].at) < 10*time.Second {
		return ""
	}
	f := v.samples[0]
	perHour := float64(m.Size-f.size) / v.read.Sub(f.at).Hours()
	if perHour < 1 {
		return "does not grow"
	}
	text := "grows " + etcdview.Size(int64(perHour)) + "/h"
	if left := float64(m.Quota - m.Size); m.Quota > 0 && left > 0 {
		hours := left / perHour
		if hours < 48 {
			return text + fmt.Sprintf(", full in %.0f h", hours)
		}
		return text + fmt.Sprintf(", full in %.0f d", hours/24)
	}
	return text
}

// drawGrowth draws what of the file was in use, since the screen was opened.
func (v *overview) drawGrowth(c *canvas.Canvas, s *style.Styles) {
	x := c.Text(0, 0, s.Heading, "GROWTH") + 2
	if len(v.samples) < 2 {
		c.Clip(x, 0, c.Width()-x, s.Muted, "is shown as it comes")
		return
	}
	first, last := v.samples[0], v.samples[len(v.samples)-1]
	used := make([]int64, len(v.samples))
	for i, x := range v.samples {
		used[i] = x.inUse
	}
	text := fmt.Sprintf("in use %s → %s in %s", etcdview.Size(first.inUse), etcdview.Size(last.inUse), duration.HumanDuration(last.at.Sub(first.at)))
	c.Clip(x, 0, c.Width()-x, s.Muted, text)
	least := slices.Min(used)
	// What is small beside the whole is drawn small: a tenth of what is in use fills the height.
	drawBars(c.Cut(0, 1, c.Width(), c.Height()-1), s, used, max(0, min(least, slices.Max(used)*9/10)))
}

// drawBars draws the last numbers as bars on all lines of the canvas, as far above a floor as they are; each is as wide as
// there is room for.
func drawBars(c *canvas.Canvas, s *style.Styles, numbers []int64, floor int64) {
	if c.Width() < 10 || len(numbers) == 0 {
		return
	}
	numbers = numbers[max(0, len(numbers)-c.Width()):]
	most := max(slices.Max(numbers), floor+1) - floor
	steps := []rune(" ▁▂▃▄▅▆▇█")
	perLine := int64(len(steps) - 1)
	for x := range c.Width() {
		n := numbers[x*len(numbers)/c.Width()]
		ink, level := s.Accent, (n-floor)*(perLine*int64(c.Height())-1)/most+1
		if n <= floor {
			ink, level = s.Rule, 1
		}
		for y := c.Height() - 1; y >= 0 && level > 0; y-- {
			c.Text(x, y, ink, string(steps[min(level, perLine)]))
			level -= perLine
		}
	}
}
