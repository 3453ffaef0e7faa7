// Package transfer copies files and directories between this machine and containers, and shows the copies as they go.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/jobs"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// List is the request for the list of copies.
type List struct{}

// Module registers the list.
func Module() screen.Module {
	return screen.Module{
		Name:   "File copies",
		Routes: []screen.Route{screen.To(openList)},
		Commands: []screen.Command{{Names: []string{"copies"}, Help: "the files that are copied to containers and from them", Run: func(*screen.Scope, string) (screen.Request, error) {
			return List{}, nil
		}}},
		Keys: map[string]key.Table{"File copies": keys()},
	}
}

const (
	readTimeout = 10 * time.Second
	fromThere   = "from the container"
	toThere     = "to the container"
	no          = "no"
	yes         = "yes"
)

// Ask asks what to copy where, and begins to. container is empty for the Pod's first one.
func Ask(s *screen.Scope, pod screen.Object, container string) {
	c := s.Cluster()
	if c.ReadOnly() {
		s.Fail(fmt.Errorf("copy files: %w", change.ErrReadOnly))
		return
	}
	screen.Call(s, "containers of "+pod.Name, readTimeout, func(ctx context.Context) (*corev1.Pod, error) {
		return c.Kubernetes().CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	}, func(p *corev1.Pod, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		var names []string
		for i := range p.Spec.Containers {
			names = append(names, p.Spec.Containers[i].Name)
		}
		for i := range p.Spec.EphemeralContainers {
			names = append(names, p.Spec.EphemeralContainers[i].Name)
		}
		if container == "" {
			container = names[0]
		}
		ask(s, pod, names, container)
	})
}

func ask(s *screen.Scope, pod screen.Object, names []string, container string) {
	given := func(v string) error {
		if strings.TrimSpace(v) == "" {
			return errors.New("give a path")
		}
		return nil
	}
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Copy files: " + pod.Name, Accept: "Copy",
		Note: "Files or directories. Into a directory that exists, they keep their name. The image has to have tar.",
		Fields: []dialog.Field{
			{Label: "direction", Value: fromThere, Choices: []string{fromThere, toThere}},
			{Label: "container", Value: container, Choices: names},
			{Label: "path in the container", Value: "/tmp/", Check: given},
			{Label: "path on this machine", Value: "./", Check: given},
			{Label: "overwrite files here", Value: no, Choices: []string{no, yes}},
		},
		Then: func(v []string) {
			j := job{
				at: remote.Container{Namespace: pod.Namespace, Pod: pod.Name, Name: v[1]}, up: v[0] == toThere,
				remote: strings.TrimSpace(v[2]), local: home(strings.TrimSpace(v[3])), overwrite: v[4] == yes,
			}
			of(s).begin(j, s.Now)
			s.Open(List{})
		},
	}))
}

// home is a path with ~ resolved, as shells do.
func home(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		if dir, err := os.UserHomeDir(); err == nil {
			return filepath.Join(dir, rest)
		}
	}
	return p
}

const actStop key.Action = "stop"

func keys() key.Table {
	return append(key.Table{
		{Action: actStop, Keys: []string{"ctrl+d"}, Hint: "stop", Help: "stop the copy", Group: "Do"},
	}, grid.Keys()...)
}

type view struct {
	scope *screen.Scope
	store *store
	list  jobs.List[job]
}

var _ screen.Screen = (*view)(nil)

func openList(s *screen.Scope, _ List) (screen.Screen, error) {
	v := &view{scope: s, store: of(s)}
	v.refresh()
	s.Live(v.store.Changed(), v.refresh)
	return v, nil
}

// refresh takes the copies, newest first.
func (v *view) refresh() {
	all := v.store.All()
	slices.Reverse(all)
	v.list.Take(all)
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"file copies"}, Note: fmt.Sprint(len(v.list.Rows))}
	running, failed := 0, 0
	for i := range v.list.Rows {
		switch j := &v.list.Rows[i].Value; {
		case j.ended.IsZero():
			running++
		case j.err != nil:
			failed++
		}
	}
	switch {
	case running > 0:
		p.State = screen.State{Health: screen.Busy, Text: fmt.Sprintf("%d under way", running)}
	case failed > 0:
		p.State = screen.State{Health: screen.Bad, Text: fmt.Sprintf("%d failed", failed)}
	case len(v.list.Rows) > 0:
		p.State = screen.State{Health: screen.Good, Text: "all done"}
	}
	return p
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table { return keys() }

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	if j, ok := v.list.Current(); ok && !v.list.Move(a) && a == actStop {
		v.store.Stop(j.ID)
	}
}

// Draw implements screen.Screen: two lines for each copy.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if len(v.list.Rows) == 0 {
		c.Text(2, 1, s.Muted, "nothing was copied: t on a Pod copies files")
		return
	}
	v.list.Draw(c, s, 3, func(y int, j *job) {
		there := fmt.Sprintf("%s:%s", j.at, j.remote)
		from, to := there, j.local
		if j.up {
			from, to = to, there
		}
		health, text := j.state(v.scope.Now())
		c.Text(2, y, health.Style(s), health.Glyph())
		c.Clip(4, y, c.Width()-6, s.Text, from+"  →  "+to)
		x := 4
		if j.total > 0 && j.err == nil {
			const width = 20
			done := int(int64(width) * min(j.bytes, j.total) / j.total)
			c.Text(x, y+1, s.OK, strings.Repeat("■", done))
			c.Text(x+done, y+1, s.Muted, strings.Repeat("□", width-done))
			x += width + 2
		}
		ink := s.Muted
		if j.err != nil {
			ink = s.Error
		}
		c.Clip(x, y+1, c.Width()-x-2, ink, text)
	})
}

func (j *job) state(now time.Time) (screen.Health, string) {
	if j.err != nil {
		return screen.Bad, screen.Reason(j.err)
	}
	health, until := screen.Busy, now
	if !j.ended.IsZero() {
		health, until = screen.Good, j.ended
	}
	took := max(until.Sub(j.began), 0)
	text := fmt.Sprintf("%d files, %s in %s", j.files, amount(j.bytes), duration.HumanDuration(took))
	if took > time.Second {
		text += fmt.Sprintf(", %s/s", amount(int64(float64(j.bytes)/took.Seconds())))
	}
	if j.links > 0 {
		text += fmt.Sprintf("   %d links were left out", j.links)
	}
	return health, text
}

func amount(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
