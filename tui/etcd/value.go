package etcd

import (
	"context"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// view is what the pager shows of a change.
type view struct {
	value *decode.Value
	lines []pager.Line
}

// show lays out the change under the cursor for the pager.
func (p *pane) show() {
	c := p.current()
	if c == nil || c.gap != nil {
		p.value, p.shown = nil, ""
		p.pager.SetLines(nil)
		return
	}
	base := p.base
	which := c.id() + string(p.format)
	if p.diff {
		which += " diff"
	}
	if base != nil {
		which += base.id()
	}
	if p.managed {
		which += " managed"
	}
	if p.decode.ShowSecrets {
		which += " secrets"
	}
	if which == p.shown {
		return
	}
	sameKey := p.value != nil && p.value.Key == c.KV.Key
	p.shown = which
	event, o, asDiff, f, managed := c.Event, p.decode, p.diff, p.format, p.managed
	if base != nil && base != c {
		kv := base.KV
		event.Prev = &kv
	}
	screen.Call(p.scope, "decode", readTimeout, func(ctx context.Context) (view, error) {
		return layout(ctx, event, o, asDiff, f, managed), nil
	}, func(v view, _ error) {
		if p.shown != which {
			return
		}
		p.value = v.value
		p.pager.SetLines(v.lines)
		if !sameKey {
			p.pager.GoTo(0)
		}
	})
}

// comparable says that there is something to compare a change with, known or not: a new key is all new, and shown whole.
func comparable(e etcdview.Event) bool {
	return e.Type == etcdview.Put || e.Type == etcdview.Create && e.Prev != nil
}

func layout(ctx context.Context, e etcdview.Event, o decode.Options, asDiff bool, f format, managed bool) view {
	kv := e.KV
	gone := e.Type == etcdview.Delete
	if gone {
		if e.Prev == nil {
			return view{lines: []pager.Line{pager.Plain("deleted; what it was before is not known", pager.Muted)}}
		}
		kv = *e.Prev
	}
	v := decode.Decode(ctx, kv.Key, kv.Value, o)
	if asDiff && comparable(e) {
		return view{&v, compareLines(ctx, e, v, o, managed)}
	}
	lines := valueLines(&v, f, managed)
	if gone {
		lines = append([]pager.Line{pager.Plain("deleted; this was its last value", pager.Warn)}, lines...)
	}
	if f == asYAML {
		lines = append(lines, nestedLines(&v)...)
	}
	return view{&v, lines}
}

func compareLines(ctx context.Context, e etcdview.Event, v decode.Value, o decode.Options, managed bool) []pager.Line {
	if e.Prev == nil {
		return []pager.Line{pager.Plain("  there is no revision before this one to compare with", pager.Muted)}
	}
	old := decode.Decode(ctx, e.Prev.Key, e.Prev.Value, o)
	changes, err := etcdview.Compare(old, v, diff.Options{ManagedFields: managed})
	if err != nil {
		return []pager.Line{pager.Plain("✗ "+err.Error(), pager.Error)}
	}
	return diffLines(changes)
}

// nestedLines shows what is written within the value: base64, JSON in strings, Helm releases.
func nestedLines(v *decode.Value) []pager.Line {
	var lines []pager.Line
	for _, n := range v.Nested() {
		lines = append(lines, nil, pager.Line{{Text: "# within ", Ink: pager.Muted}, {Text: n.Path, Ink: pager.Heading},
			{Text: ": " + strings.Join(n.Encodings, ", "), Ink: pager.Muted}})
		for l := range strings.Lines(n.Text) {
			lines = append(lines, yamlLine(strings.TrimRight(l, "\r\n")))
		}
	}
	return lines
}
