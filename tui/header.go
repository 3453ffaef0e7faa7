package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/vitals"
)

// drawHeader draws who the cluster is at the left and how it does at the right, dropping what is least missed until
// both fit.
func (m *Model) drawHeader(c *canvas.Canvas) {
	s, v := m.styles, m.vitals.Sample()
	x := c.Text(1, 0, s.Key, "podarium")
	x = c.Text(x+2, 0, s.Title, m.Cluster().Name())
	if m.as != "" {
		x = c.Text(x+2, 0, s.Warn, "as "+m.as)
	}
	if m.Cluster().ReadOnly() {
		x = c.Text(x+2, 0, s.Warn, "read-only")
	}
	parts := vitalParts(v)
	if k := v.Status.KubernetesVersion; k != "" && partsWidth(firm(parts)) <= c.Width()-x-canvas.Width(k)-5 {
		x = c.Text(x+2, 0, s.Muted, k)
	}
	for len(parts) > 1 && partsWidth(parts) > c.Width()-x-3 {
		parts = drop(parts)
	}
	right := c.Width() - 1
	for i := len(parts) - 1; i >= 0; i-- {
		p := parts[i]
		from := right - p.width()
		at := from
		for _, seg := range p.segments {
			style := s.Text
			switch {
			case seg.health != screen.Unknown:
				style = seg.health.Style(s)
			case seg.muted:
				style = s.Muted
			}
			at = c.Text(at, 0, style, seg.text)
		}
		right = from - 3
	}
}

// part is one thing that the header tells; the one of the highest rank goes first where room is short.
type part struct {
	rank     int
	segments []segment
}

type segment struct {
	text   string
	muted  bool
	health screen.Health
}

func (p part) width() int {
	n := 0
	for _, s := range p.segments {
		n += canvas.Width(s.text)
	}
	return n
}

// firm are the parts that go last: the components, and the nodes.
func firm(parts []part) []part {
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.rank > 1 })
}

func partsWidth(parts []part) int {
	n := 0
	for _, p := range parts {
		n += p.width() + 3
	}
	return n
}

func drop(parts []part) []part {
	worst := 0
	for i := range parts {
		if parts[i].rank >= parts[worst].rank {
			worst = i
		}
	}
	return append(parts[:worst:worst], parts[worst+1:]...)
}

func vitalParts(v *vitals.Sample) []part {
	var parts []part
	if e := v.Status.EtcdVersion; e != "" {
		parts = append(parts, part{rank: 6, segments: []segment{{text: "etcd ", muted: true}, {text: e, muted: true}}})
	}
	if v.Revision > 0 {
		p := part{rank: 2, segments: []segment{{text: "rev ", muted: true}, {text: grouped(v.Revision)}}}
		parts = append(parts, p)
		rate := fmt.Sprintf("%.0f/s", v.Rate)
		parts = append(parts, part{rank: 5, segments: []segment{{text: "▲ ", muted: true}, {text: fmt.Sprintf("%5s", rate)}}})
		parts = append(parts, part{rank: 4, segments: []segment{{text: size(v.DBSize), muted: true}}})
	}
	if v.Nodes >= 0 {
		p := part{rank: 1, segments: []segment{{text: fmt.Sprintf("%d", v.Nodes)}, {text: " " + plural(int64(v.Nodes), "node"), muted: true}}}
		if v.NodesReady < v.Nodes {
			p.segments = []segment{{text: fmt.Sprintf("%s %d of %d nodes ready", screen.Poor.Glyph(), v.NodesReady, v.Nodes), health: screen.Poor}}
		}
		parts = append(parts, p)
	}
	if v.Pods >= 0 {
		parts = append(parts, part{rank: 3, segments: []segment{{text: grouped(v.Pods)}, {text: " " + plural(v.Pods, "pod"), muted: true}}})
	}
	return append(parts, lights(v))
}

// lights are one glyph for each component, and the name of the first that is not well. They speak of the components
// only: how it goes with what runs on them is in the line below.
func lights(v *vitals.Sample) part {
	p := part{rank: 0}
	if v.StatusErr != nil {
		p.segments = append(p.segments, segment{text: screen.Bad.Glyph() + " " + screen.Brief(v.StatusErr), health: screen.Bad})
		return p
	}
	if len(v.Status.Components) == 0 {
		p.segments = append(p.segments, segment{text: screen.Busy.Glyph() + " connecting", health: screen.Busy})
		return p
	}
	word, health := "all up", screen.Good
	for _, c := range v.Status.Components {
		h := vitals.Health(c.State)
		if strings.HasPrefix(c.Name, "kubelet/") && h == screen.Good {
			continue // the nodes are counted beside the lights
		}
		p.segments = append(p.segments, segment{text: h.Glyph(), health: h})
		if h > health {
			health, word = h, strings.TrimPrefix(c.Name, "kube-")+" "+string(c.State)
		}
	}
	p.segments = append(p.segments, segment{text: " " + word, health: health})
	return p
}

// plural is the word for a number of things.
func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// grouped is a number with its digits in threes: 48 211.
func grouped(n int64) string {
	s := fmt.Sprintf("%d", n)
	var b strings.Builder
	for i, d := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// size is a number of bytes as people say it: 8.4 MB.
func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/unit, 0
	for f >= unit && i < 3 {
		f, i = f/unit, i+1
	}
	return fmt.Sprintf("%.1f %s", f, []string{"kB", "MB", "GB", "TB"}[i])
}
