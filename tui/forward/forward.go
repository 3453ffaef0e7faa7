// Package forward leads ports of this machine to ports of Pods, and lists those that are open.
//
// Forwards listen on localhost only, go on while other screens are looked at, and end with the UI or when another
// cluster is opened.
package forward

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// Ask asks for the ports, offering the Pod's own, and opens a forward.
func Ask(s *screen.Scope, pod screen.Object) {
	c := s.Cluster()
	screen.Call(s, "ports of "+pod.Name, readTimeout, func(ctx context.Context) (*corev1.Pod, error) {
		return c.Kubernetes().CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	}, func(p *corev1.Pod, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		port, note := "80", "The Pod declares no ports."
		for i := range p.Spec.Containers {
			for _, cp := range p.Spec.Containers[i].Ports {
				if note != "" {
					port, note = strconv.Itoa(int(cp.ContainerPort)), ""
				}
			}
		}
		s.Ask(dialog.NewForm(s, dialog.Form{
			Title: "Forward a port to " + pod.Name, Note: note, Accept: "Open",
			Fields: []dialog.Field{
				{Label: "port of the Pod", Value: port, Check: checkPort},
				{Label: "local port, 0 for any free one", Value: "0", Check: checkLocal},
			},
			Then: func(v []string) {
				remote, _ := strconv.ParseUint(v[0], 10, 16) // the form has checked both
				local, _ := strconv.ParseUint(v[1], 10, 16)
				of(s).open(pod, uint16(local), uint16(remote), s.Now())
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
			v.store.open(f.pod, f.local, f.remote, v.scope.Now())
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
		c.Text(2, 1, s.Muted, "none is open: F on a Pod opens one")
		return
	}
	pod := len("POD")
	for _, f := range v.rows {
		pod = max(pod, canvas.Width(f.pod.Namespace+"/"+f.pod.Name))
	}
	pod = min(pod, c.Width()/2)
	x := 4 + pod + 3
	c.Text(4, 0, s.Muted, "POD")
	c.Text(x, 0, s.Muted, "LOCAL")
	c.Right(x+23, 0, s.Muted, "PORT")
	c.Right(x+31, 0, s.Muted, "AGE")
	for i, f := range v.rows {
		y := i + 1
		health, text := screen.Busy, "opening"
		switch f.state {
		case listening:
			health, text = screen.Good, ""
		case failed:
			health, text = screen.Bad, f.err.Error()
		}
		c.Text(2, y, health.Style(s), health.Glyph())
		c.Clip(4, y, pod, s.Text, f.pod.Namespace+"/"+f.pod.Name)
		c.Text(x, y, s.Text, address(f))
		c.Right(x+23, y, s.Text, fmt.Sprint(f.remote))
		c.Right(x+31, y, s.Muted, duration.HumanDuration(v.scope.Now().Sub(f.since)))
		c.Clip(x+34, y, c.Width()-x-35, health.Style(s), text)
		if f.id == v.cursor {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
}
