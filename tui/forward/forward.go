// Package forward leads ports of this machine to ports of Pods, and lists those that are open. A forward to a Service or a workload, or
// to a Pod of one, goes on with another Pod where its own is gone, on the same local port.
//
// Forwards listen on localhost only, go on while other screens are looked at, and end with the UI or when another
// cluster is opened.
package forward

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// List is the request for the list of forwards.
type List struct{}

// Module registers the list.
func Module() screen.Module {
	return screen.Module{
		Name:   "Port-forwards",
		Routes: []screen.Route{screen.To(openList)},
		Commands: []screen.Command{{Names: []string{"portforwards", "pf"}, Help: "the ports that lead to Pods", Run: func(*screen.Scope, string) (screen.Request, error) {
			return List{}, nil
		}}},
		Keys: map[string]key.Table{"Port-forwards": keys()},
	}
}

const readTimeout = 10 * time.Second

// Ask asks for the ports, offering the target's own, and opens a forward. The target is a Pod, a Service or a workload: of these two
// some Pod that is ready is led to, and another one when that goes.
func Ask(s *screen.Scope, target screen.Object) {
	c := s.Cluster()
	screen.Call(s, "ports of "+target.Name, readTimeout, func(ctx context.Context) (*source, error) {
		return look(ctx, c, target)
	}, func(src *source, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		number, note := "80", "It declares no ports."
		if len(src.ports) > 0 {
			number, note = strconv.Itoa(int(src.ports[0].number)), ""
		}
		if len(src.ports) > 1 {
			var all []string
			for _, p := range src.ports {
				all = append(all, strings.TrimSpace(fmt.Sprintf("%d %s", p.number, p.name)))
			}
			note = "Its ports: " + strings.Join(all, ", ")
		}
		s.Ask(dialog.NewForm(s, dialog.Form{
			Title: "Forward a port to " + target.Name, Note: note, Accept: "Open",
			Fields: []dialog.Field{
				{Label: "port there", Value: number, Check: checkPort},
				{Label: "local port, 0 for any free one", Value: "0", Check: checkLocal},
			},
			Then: func(v []string) {
				remote, _ := strconv.ParseUint(v[0], 10, 16) // the form has checked both
				local, _ := strconv.ParseUint(v[1], 10, 16)
				of(s).open(target, uint16(local), uint16(remote), s.Now())
				s.Open(List{})
			},
		}))
	})
}

func checkPort(v string) error {
	if n, err := strconv.ParseUint(v, 10, 16); err != nil || n == 0 {
		return errors.New("give a port from 1 to 65535")
	}
	return nil
}

func checkLocal(v string) error {
	if _, err := strconv.ParseUint(v, 10, 16); err != nil {
		return errors.New("give a port from 0 to 65535")
	}
	return nil
}

const (
	actDown    key.Action = "down"
	actUp      key.Action = "up"
	actStop    key.Action = "stop"
	actRestart key.Action = "restart"
	actCopy    key.Action = "copy"
)

func keys() key.Table {
	return key.Table{
		{Action: actStop, Keys: []string{"ctrl+d"}, Hint: "stop", Help: "stop the forward", Group: "Do"},
		{Action: actRestart, Keys: []string{"r"}, Hint: "restart", Help: "open it again", Group: "Do"},
		{Action: actCopy, Keys: []string{"c"}, Hint: "copy", Help: "copy its address", Group: "Do"},
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
	}
}

type view struct {
	scope  *screen.Scope
	store  *store
	rows   []forward
	cursor int // the id of a forward
}

var _ screen.Screen = (*view)(nil)

func openList(s *screen.Scope, _ List) (screen.Screen, error) {
	v := &view{scope: s, store: of(s)}
	v.refresh()
	s.Live(v.store.changed, v.refresh)
	return v, nil
}

func (v *view) refresh() {
	v.rows = v.store.list()
	if v.at() < 0 && len(v.rows) > 0 {
		v.cursor = v.rows[len(v.rows)-1].id
	}
}

func (v *view) at() int {
	for i := range v.rows {
		if v.rows[i].id == v.cursor {
			return i
		}
	}
	return -1
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	return screen.Place{Crumbs: []string{"port-forwards"}, Note: fmt.Sprint(len(v.rows))}
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table { return keys() }

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	i := v.at()
	if i < 0 {
		return
	}
	switch a {
	case actDown:
		v.cursor = v.rows[min(i+1, len(v.rows)-1)].id
	case actUp:
		v.cursor = v.rows[max(i-1, 0)].id
	case actStop, actRestart:
		f, ok := v.store.close(v.cursor)
		if ok && a == actRestart {
			v.store.open(f.target, f.local, f.remote, v.scope.Now())
		}
		v.refresh()
	case actCopy:
		v.scope.Copy(address(v.rows[i]))
		v.scope.Say(screen.Good, "copied "+address(v.rows[i]))
	}
}

func address(f forward) string { return fmt.Sprintf("localhost:%d", f.local) }

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if len(v.rows) == 0 {
		c.Text(2, 1, s.Muted, "none is open: F on a Pod, a Service or a workload opens one")
		return
	}
	target := len("TARGET")
	for _, f := range v.rows {
		target = max(target, canvas.Width(name(f)))
	}
	target = min(target, c.Width()/2)
	x := 4 + target + 3
	c.Text(4, 0, s.Muted, "TARGET")
	c.Text(x, 0, s.Muted, "LOCAL")
	c.Right(x+23, 0, s.Muted, "PORT")
	c.Right(x+31, 0, s.Muted, "AGE")
	for i, f := range v.rows {
		y := i + 1
		health, text := f.health()
		c.Text(2, y, health.Style(s), health.Glyph())
		c.Clip(4, y, target, s.Text, name(f))
		if f.local != 0 { // else a free one is being looked for
			c.Text(x, y, s.Text, address(f))
		}
		c.Right(x+23, y, s.Text, fmt.Sprint(f.remote))
		c.Right(x+31, y, s.Muted, duration.HumanDuration(v.scope.Now().Sub(f.since)))
		ink := health.Style(s)
		if health == screen.Good {
			ink = s.Muted
		}
		c.Clip(x+34, y, c.Width()-x-35, ink, text)
		if f.id == v.cursor {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
			if canvas.Width(text) > c.Width()-x-35 { // why, to the end
				for i, l := range canvas.Wrap(text, c.Width()-6) {
					c.Text(4, len(v.rows)+2+i, ink, l)
				}
			}
		}
	}
}

// name is the target as the list shows it: a Pod by its name, others with their kind.
func name(f forward) string {
	if f.target.Resource.Resource == "pods" {
		return f.target.Namespace + "/" + f.target.Name
	}
	return f.target.Namespace + "/" + strings.ToLower(f.target.Kind) + "/" + f.target.Name
}

// health is how it goes with a forward, in words.
func (f forward) health() (screen.Health, string) {
	switch f.state {
	case listening:
		text := "to " + f.pod
		if f.again > 0 {
			text += fmt.Sprintf(", taken up again %d times", f.again)
		}
		return screen.Good, text
	case waiting:
		return screen.Poor, "looks for a Pod: " + screen.Reason(f.err)
	case failed:
		return screen.Bad, f.err.Error()
	}
	return screen.Busy, "opening"
}
