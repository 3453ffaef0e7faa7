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
	"net"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/jobs"
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
		src, err := look(ctx, c, target)
		if err == nil && len(src.ports) > 0 {
			src.free = free(ctx, src.ports[0].number)
		}
		return src, err
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
		local := "0"
		if len(src.ports) > 0 && src.free {
			local = number
		}
		s.Ask(dialog.NewForm(s, dialog.Form{
			Title: "Forward a port to " + target.Name, Note: note, Accept: "Open",
			Fields: []dialog.Field{
				{Label: "port there", Value: number, Check: checkPort},
				{Label: "local port, 0 for any free one", Value: local, Check: checkLocal},
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

// free says whether a local port can be had, as those that are the system's cannot.
func free(ctx context.Context, port uint16) bool {
	if port < 1024 {
		return false
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("localhost", strconv.Itoa(int(port))))
	if err != nil {
		return false
	}
	return l.Close() == nil
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
	actStop    key.Action = "stop"
	actRestart key.Action = "restart"
	actCopy    key.Action = "copy"
)

func keys() key.Table {
	return append(key.Table{
		{Action: actStop, Keys: []string{"ctrl+d"}, Hint: "stop", Help: "stop the forward", Group: "Do"},
		{Action: actRestart, Keys: []string{"r"}, Hint: "restart", Help: "open it again", Group: "Do"},
		{Action: actCopy, Keys: []string{"c"}, Hint: "copy", Help: "copy its address", Group: "Do"},
	}, grid.Keys()...)
}

type view struct {
	scope *screen.Scope
	store *store
	list  jobs.List[forward]
}

var _ screen.Screen = (*view)(nil)

func openList(s *screen.Scope, _ List) (screen.Screen, error) {
	v := &view{scope: s, store: of(s)}
	v.refresh()
	v.list.Move(grid.Bottom) // the newest
	s.Live(v.store.Changed(), v.refresh)
	return v, nil
}

func (v *view) refresh() { v.list.Take(v.store.All()) }

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	return screen.Place{Crumbs: []string{"port-forwards"}, Note: fmt.Sprint(len(v.list.Rows))}
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table { return keys() }

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	f, ok := v.list.Current()
	if !ok || v.list.Move(a) {
		return
	}
	switch a {
	case actStop, actRestart:
		was, ok := v.store.Remove(f.ID)
		if ok && a == actRestart {
			v.store.open(was.target, was.local, was.remote, v.scope.Now())
		}
		v.refresh()
		if a == actRestart {
			v.list.Move(grid.Bottom)
		}
	case actCopy:
		v.scope.Copy(address(f.Value))
		v.scope.Say(screen.Good, "copied "+address(f.Value))
	}
}

func address(f forward) string { return fmt.Sprintf("localhost:%d", f.local) }

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if len(v.list.Rows) == 0 {
		c.Text(2, 1, s.Muted, "none is open: F on a Pod, a Service or a workload opens one")
		return
	}
	target := len("TARGET")
	for _, f := range v.list.Rows {
		target = max(target, canvas.Width(name(f.Value)))
	}
	target = min(target, c.Width()/2)
	x := 4 + target + 3
	c.Text(4, 0, s.Muted, "TARGET")
	c.Text(x, 0, s.Muted, "LOCAL")
	c.Right(x+23, 0, s.Muted, "PORT")
	c.Right(x+31, 0, s.Muted, "AGE")
	body := c.Cut(0, 1, c.Width(), max(0, c.Height()-1))
	v.list.Draw(body, s, 1, func(y int, f *forward) {
		health, text := f.health()
		body.Text(2, y, health.Style(s), health.Glyph())
		body.Clip(4, y, target, s.Text, name(*f))
		if f.local != 0 { // else a free one is being looked for
			body.Text(x, y, s.Text, address(*f))
		}
		body.Right(x+23, y, s.Text, fmt.Sprint(f.remote))
		body.Right(x+31, y, s.Muted, duration.HumanDuration(v.scope.Now().Sub(f.since)))
		ink := health.Style(s)
		if health == screen.Good {
			ink = s.Muted
		}
		body.Clip(x+34, y, c.Width()-x-35, ink, text)
	})
	f, _ := v.list.Current()
	if health, text := f.Value.health(); health != screen.Good && canvas.Width(text) > c.Width()-x-35 { // why, to the end
		for i, l := range canvas.Wrap(text, c.Width()-6) {
			c.Text(4, len(v.list.Rows)+2+i, health.Style(s), l)
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
		if errors.Is(f.err, errNoListen) {
			return screen.Bad, f.err.Error()
		}
		return screen.Bad, screen.Reason(f.err)
	}
	return screen.Busy, "opening"
}
