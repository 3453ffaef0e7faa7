package etcd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
	"github.com/podarium/podarium/tui/canvas"
)

// change is one revision of a key: from its history, or as it happens.
type change struct {
	etcdview.Event
	gap    *etcdview.Gap
	seen   bool // as it happened, so that the time is known to the millisecond
	replay bool // seen, and maybe long after it happened

	recorded bool // from the recorder: etcd has it no more

	desc *etcdview.Description // nil until it is decoded
}

// at is the revision that the change stands at in a list.
func (c *change) at() int64 {
	if c.gap != nil {
		return c.gap.To - 1
	}
	return c.Revision()
}

// weight is what the change takes of memory, about, in bytes.
func (c *change) weight() int {
	n := len(c.KV.Key) + len(c.KV.Value)
	if c.Prev != nil {
		n += len(c.Prev.Value)
	}
	return n
}

func (c *change) id() string { return fmt.Sprint(c.Revision(), " ", c.KV.Key) }

// describe decodes the change. It takes some 100 µs, so it is done on another goroutine than the UI's.
func (c *change) describe(ctx context.Context, o decode.Options) {
	if c.desc == nil && c.gap == nil {
		d := etcdview.Describe(ctx, c.Event, o)
		c.desc = &d
	}
}

// when is the time of the change: as it was seen, or as its writer wrote it down. Zero where neither is known.
func (c *change) when() time.Time {
	if c.replay && c.desc != nil && c.desc.Writer != nil {
		const late = 5 * time.Second // of the clocks of an API server and of this machine
		if t := c.desc.Writer.Time; c.Received.Sub(t) > late {
			return t
		}
	}
	if c.seen {
		return c.Received
	}
	if c.desc != nil && c.desc.Writer != nil {
		return c.desc.Writer.Time
	}
	return time.Time{}
}

func (c *change) age(now time.Time) string {
	t := c.when()
	if t.IsZero() {
		return ""
	}
	return duration.HumanDuration(max(0, now.Sub(t)))
}

func (c *change) writer() string {
	if c.desc == nil || c.desc.Writer == nil {
		return ""
	}
	return c.desc.Writer.Manager
}

// summary says in one line of no more than width columns what changed, and how many more changes there are.
func (c *change) summary(width int) (text string, others int) {
	switch {
	case c.gap != nil:
		return fmt.Sprintf("revisions %d to %d are compacted away", c.gap.From, c.gap.To-1), 0
	case c.Type == etcdview.Delete:
		return "deleted", 0
	case c.Type == etcdview.Create:
		return "created", 0
	case c.desc == nil:
		return "", 0
	case c.desc.Err != nil:
		return c.desc.Err.Error(), 0
	case c.Prev == nil:
		return "written (what was before is not known)", 0
	}
	first, n := telling(c.desc.Changes)
	if n == 0 && !first.Folded {
		return "written again, unchanged", 0
	}
	return fit(first, width), max(0, n-1)
}

// telling picks the change that says most: of spec before status, of those before metadata, and times last.
func telling(changes []diff.Change) (best diff.Change, n int) {
	rank := func(c diff.Change) int {
		r := 6
		switch {
		case c.Folded:
			return 0
		case strings.HasPrefix(c.Path, "metadata."):
			r = 2
		case strings.HasPrefix(c.Path, "status."):
			r = 4
		}
		switch {
		case strings.HasSuffix(c.Path, "Time") || strings.HasSuffix(c.Path, "eneration"):
			r -= 2 // these follow every other change
		case strings.HasSuffix(c.Path, ".message") || strings.HasSuffix(c.Path, ".reason"):
			r-- // and these say in words what others say in numbers
		}
		return r
	}
	for i, c := range changes {
		if i == 0 || rank(c) > rank(best) {
			best = c
		}
		if !c.Folded {
			n++
		}
	}
	return best, n
}

// fit writes a change on one line, leaving out the middle of its path, or all but its end, where there is no room.
func fit(c diff.Change, width int) string {
	c.Old, c.New = brief(c.Old), brief(c.New)
	s := c.String()
	parts := strings.Split(c.Path, ".")
	last := parts[len(parts)-1]
	for _, path := range []string{parts[0] + "…" + last, "…" + last} {
		if canvas.Width(s) <= width || len(parts) < 2 {
			break
		}
		c.Path = path
		s = c.String()
	}
	return s
}

// brief is what matters of a condition, or of several: their types, and of one alone whether it holds.
func brief(v any) any {
	condition := func(v any) (kind, status string, ok bool) {
		m, _ := v.(map[string]any)
		kind, _ = m["type"].(string)
		status, _ = m["status"].(string)
		return kind, status, kind != "" && status != ""
	}
	if _, status, ok := condition(v); ok {
		return status
	}
	list, _ := v.([]any)
	var kinds []string
	for _, e := range list {
		kind, _, ok := condition(e)
		if !ok {
			return v
		}
		kinds = append(kinds, kind)
	}
	if len(kinds) == 0 {
		return v
	}
	return strings.Join(kinds, ", ")
}

// fromHistory makes changes of revisions, newest first.
func fromHistory(h etcdview.History) []*change {
	out := make([]*change, 0, len(h.Revisions))
	for i, r := range h.Revisions {
		c := &change{Event: etcdview.Event{Type: etcdview.Put, KV: r.KV, Received: r.Time}, seen: !r.Time.IsZero(), recorded: r.Recorded}
		switch {
		case r.Deleted:
			c.Type = etcdview.Delete
		case r.Version == 1:
			c.Type = etcdview.Create
		}
		if i+1 < len(h.Revisions) && !h.Revisions[i+1].Deleted {
			prev := h.Revisions[i+1].KV
			c.Prev = &prev
		}
		out = append(out, c)
	}
	return out
}
