package manage

import (
	"context"
	"fmt"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/survey"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

const (
	// readAtMost is the size in bytes up to which all values are read to tell what fills an etcd, without being asked to. Of
	// a larger one the keys are counted, which costs it little.
	readAtMost = 32 << 20
	// fillsEvery is how often that is done anew.
	fillsEvery = time.Minute
	// fillsTimeout bounds it.
	fillsTimeout = 30 * time.Second
)

// fills is what fills the database, by resource or directory, the largest first.
type fills struct {
	list  []fill
	total fill
	bytes bool // they are known
	err   error
}

type fill struct {
	name  string
	keys  int64
	bytes int64
}

// askFills looks what fills the database, if it is time to. It is called with each answer of the members.
func (v *overview) askFills() {
	now := v.scope.Now()
	if v.fillsAsked || !v.fillsAt.IsZero() && now.Sub(v.fillsAt) < fillsEvery {
		return
	}
	v.fillsAsked = true
	read, prefix := largest(v.data).InUse <= readAtMost, v.scope.Cluster().EtcdPrefix()
	screen.Poll(v.scope, fillsTimeout, func(ctx context.Context) (fills, error) {
		if read {
			return byBytes(ctx, v.store, prefix)
		}
		return byKeys(ctx, v.store, prefix)
	}, func(f fills, err error) {
		v.fillsAsked, v.fillsAt = false, v.scope.Now()
		if err != nil {
			f = v.fills
			f.err = err
		}
		v.fills = f
	})
}

func byBytes(ctx context.Context, store *etcdview.Store, prefix string) (fills, error) {
	r, err := survey.Run(ctx, store, survey.Options{EtcdPrefix: prefix, Top: 1})
	if err != nil {
		return fills{}, err
	}
	f := fills{bytes: true, total: fill{keys: r.Total.Keys, bytes: r.Total.Bytes}}
	for _, g := range r.Resources {
		f.list = append(f.list, fill{g.Resource, g.Keys, g.Bytes})
	}
	return f, nil
}

func byKeys(ctx context.Context, store *etcdview.Store, prefix string) (fills, error) {
	dirs, err := survey.Count(ctx, store, prefix)
	if err != nil {
		return fills{}, err
	}
	f := fills{}
	for _, d := range dirs {
		f.list = append(f.list, fill{name: etcdview.Printable(d.Path), keys: d.Keys})
		f.total.keys += d.Keys
	}
	return f, nil
}

// drawFills draws a line for each resource, with its share of all as a bar.
func (v *overview) drawFills(c *canvas.Canvas, s *style.Styles) {
	f := &v.fills
	x := c.Text(0, 0, s.Heading, "WHAT FILLS IT") + 2
	switch {
	case f.err != nil && f.list == nil:
		c.Clip(0, 1, c.Width(), s.Muted, "not known: "+screen.Reason(f.err))
		return
	case f.list == nil:
		c.Clip(x, 0, c.Width()-x, s.Muted, "reading …")
		return
	case f.bytes:
		c.Clip(x, 0, c.Width()-x, s.Muted, fmt.Sprintf("%s in %s, s has all", etcdview.Size(f.total.bytes), grid.Plural(f.total.keys, "key")))
	default:
		c.Clip(x, 0, c.Width()-x, s.Muted, grid.Plural(f.total.keys, "key")+", s reads their sizes")
	}
	const bar, size, keys, narrow = 8, 10, 10, 52
	name := c.Width() - bar - 1
	if f.bytes {
		name -= size
	}
	withKeys := !f.bytes || c.Width() >= narrow
	if withKeys {
		name -= keys
	}
	for i := 0; i < len(f.list) && i+1 < c.Height(); i++ {
		l, y := f.list[i], i+1
		c.Text(0, y, s.Text, canvas.Middle(l.name, name-1))
		right, part, whole := name, l.keys, f.total.keys
		if withKeys {
			right += keys
			c.Right(right, y, s.Muted, grid.Thousands(l.keys))
		}
		if f.bytes {
			right += size
			c.Right(right, y, s.Text, etcdview.Size(l.bytes))
			part, whole = l.bytes, f.total.bytes
		}
		c.Text(right+1, y, s.Accent, barOf(part, whole, bar))
	}
}

// barOf is a bar for a part of a whole, at least one cell where there is any.
func barOf(part, whole int64, cells int64) string {
	if part <= 0 || whole <= 0 {
		return ""
	}
	out := make([]rune, max(1, part*cells/whole))
	for i := range out {
		out[i] = '■'
	}
	return string(out)
}
