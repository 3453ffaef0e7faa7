// Package containers shows the containers of a Pod: what they run, how they do, and why they stopped.
package containers

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/usage"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/forward"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/shell"
	"github.com/podarium/podarium/tui/transfer"
)

// Module registers the screen.
func Module() screen.Module {
	return screen.Module{
		Name:   "Containers",
		Routes: []screen.Route{screen.To(open)},
		Keys:   map[string]key.Table{"Containers": keys()},
	}
}

const (
	actLogs     key.Action = "logs"
	actPrevious key.Action = "logs.previous"
	actDescribe key.Action = "describe"
	actYAML     key.Action = "yaml"
	actEtcd     key.Action = "etcd"
	actShell    key.Action = "shell"
	actHandOver key.Action = "shell.whole"
	actAttach   key.Action = "attach"
	actDebug    key.Action = "debug"
	actCopy     key.Action = "transfer"
	actForward  key.Action = "port-forward"
	actForwards key.Action = "port-forwards"
	actDown     key.Action = "down"
	actUp       key.Action = "up"
)

func keys() key.Table {
	return key.Table{
		{Action: actLogs, Keys: []string{"enter", "l"}, Hint: "logs", Help: "logs of the container", Group: "Open"},
		{Action: actPrevious, Keys: []string{"p"}, Hint: "previous", Help: "its logs before the last restart", Group: "Open"},
		{Action: actShell, Keys: []string{"s"}, Hint: "shell", Help: "a shell in the container, in a pane", Group: "Change", Changes: true, NoPreview: true},
		{Action: actHandOver, Keys: []string{"X"}, Help: "a shell that takes the whole terminal", Group: "Change", Changes: true, NoPreview: true},
		{Action: actAttach, Keys: []string{"a"}, Hint: "attach", Help: "attach to the container's own process", Group: "Change", Changes: true, NoPreview: true},
		{Action: actDebug, Keys: []string{"B"}, Hint: "debug", Help: "a debug container beside it, with a shell", Group: "Change", Changes: true},
		{Action: actCopy, Keys: []string{"t"}, Hint: "copy files", Help: "copy files to the container or from it", Group: "Change", Changes: true, NoPreview: true},
		{Action: actForward, Keys: []string{"F"}, Help: "lead a port of this machine to one of the Pod", Group: "Change"},
		{Action: actForwards, Keys: []string{"f"}, Help: "the ports that lead to Pods", Group: "Open"},
		{Action: actDescribe, Keys: []string{"d"}, Hint: "describe", Help: "describe the Pod", Group: "Open"},
		{Action: actYAML, Keys: []string{"y"}, Hint: "yaml", Help: "YAML of the Pod", Group: "Open"},
		{Action: actEtcd, Keys: []string{"K"}, Hint: "etcd", Help: "the Pod's key in etcd", Group: "Open"},
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
	}
}

// container is a row.
type container struct {
	name, image, kind, ports string
	health                   screen.Health
	state, why               string
	restarts                 int32
	since                    time.Time
}

type view struct {
	scope   *screen.Scope
	object  screen.Object
	rows    []container
	node    string
	ip      string
	sandbox *cluster.Sandbox // nil where nobody tells of it
	cursor  string           // a container's name
	reading bool
	again   bool
	err     error
	usage   usage.Use
	asking  *usage.Live // nil in tests
}

var (
	_ screen.Screen  = (*view)(nil)
	_ screen.Subject = (*view)(nil)
	_ screen.Pointer = (*view)(nil)
)

const readTimeout = 10 * time.Second

func open(s *screen.Scope, r screen.Containers) (screen.Screen, error) {
	v := &view{scope: s, object: r.Object}
	t := livetable.Open(s.Context(), s.Cluster(), livetable.Query{Resource: r.Resource, Namespace: r.Namespace, FieldSelector: "metadata.name=" + r.Name})
	s.Live(t.Changed(), v.refresh)
	v.asking = usage.Watch(s.Context(), s.Cluster(), usage.Query{Namespace: r.Namespace, Name: r.Name})
	s.Live(v.asking.Changed(), func() { v.usage = v.asking.Snapshot().Of[types.NamespacedName{Namespace: r.Namespace, Name: r.Name}] })
	v.refresh()
	return v, nil
}

func (v *view) refresh() {
	if v.reading {
		v.again = true
		return
	}
	v.reading = true
	c, o := v.scope.Cluster(), v.object
	what := "read " + o.Name
	if v.rows != nil {
		what = "" // what is shown is read anew: nobody waits for that
	}
	screen.Call(v.scope, what, readTimeout, func(ctx context.Context) (read, error) {
		p, err := c.Kubernetes().CoreV1().Pods(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
		if err != nil {
			return read{}, err
		}
		return read{p, sandboxOf(ctx, c, p)}, nil
	}, func(r read, err error) {
		v.reading, v.err = false, err
		if err == nil {
			v.sandbox = r.sandbox
			v.show(r.pod)
		}
		if v.again {
			v.again = false
			v.refresh()
		}
	})
}

// read is what the screen shows.
type read struct {
	pod     *corev1.Pod
	sandbox *cluster.Sandbox
}

func (v *view) show(p *corev1.Pod) {
	v.node, v.ip = p.Spec.NodeName, p.Status.PodIP
	v.rows = nil
	add := func(kind string, specs []corev1.Container, statuses []corev1.ContainerStatus) {
		for _, spec := range specs {
			row := container{name: spec.Name, image: spec.Image, kind: kind, health: screen.Busy, state: "waiting"}
			for _, port := range spec.Ports {
				row.ports += fmt.Sprintf(" %d/%s", port.ContainerPort, port.Protocol)
			}
			for _, st := range statuses {
				if st.Name == spec.Name {
					row.take(st)
				}
			}
			v.rows = append(v.rows, row)
		}
	}
	add("init", p.Spec.InitContainers, p.Status.InitContainerStatuses)
	add("", p.Spec.Containers, p.Status.ContainerStatuses)
	beside := make([]corev1.Container, len(p.Spec.EphemeralContainers))
	for i := range p.Spec.EphemeralContainers {
		beside[i] = corev1.Container(p.Spec.EphemeralContainers[i].EphemeralContainerCommon)
	}
	add("debug", beside, p.Status.EphemeralContainerStatuses)
	if v.cursor == "" && len(v.rows) > 0 {
		v.cursor = v.rows[len(p.Spec.InitContainers)].name
	}
}

// take reads a container's status.
func (r *container) take(st corev1.ContainerStatus) {
	r.restarts = st.RestartCount
	switch {
	case st.State.Running != nil:
		r.state, r.since, r.health = "running", st.State.Running.StartedAt.Time, screen.Good
		if !st.Ready && r.kind != "debug" { // which nobody probes
			r.health, r.why = screen.Poor, "not ready"
		}
	case st.State.Terminated != nil:
		t := st.State.Terminated
		r.state, r.since, r.health = "exited", t.FinishedAt.Time, screen.Idle
		r.why = fmt.Sprintf("%s, code %d", t.Reason, t.ExitCode)
		if t.ExitCode != 0 {
			r.health = screen.Bad
		}
	case st.State.Waiting != nil:
		w := st.State.Waiting
		r.why, r.health = w.Reason, screen.Busy
		if w.Message != "" {
			r.why += ": " + w.Message
		}
		if w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
			r.health = screen.Bad
		}
	}
	if last := st.LastTerminationState.Terminated; last != nil && r.why == "" {
		r.why = fmt.Sprintf("before: %s, code %d, %s", last.Reason, last.ExitCode, last.FinishedAt.Format("15:04:05"))
	}
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	p := screen.Place{Crumbs: []string{v.object.Namespace, "pods", v.object.Name, "containers"}}
	if v.node != "" {
		p.Note = v.node + "   " + v.ip
	}
	worst := screen.Unknown
	for _, r := range v.rows {
		worst = max(worst, r.health)
	}
	switch {
	case v.err != nil:
		p.State = screen.State{Health: screen.Bad, Text: v.err.Error()}
	case worst == screen.Good || worst == screen.Idle:
		p.State = screen.State{Health: worst, Text: "all well"}
	case worst >= screen.Poor:
		p.State = screen.State{Health: worst, Text: "not well"}
	default:
		p.State = screen.State{Health: screen.Busy, Text: "starting"}
	}
	return p
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table { return keys().With(v.scope.Handles(screen.EtcdKey{}), actEtcd) }

func (v *view) at() int {
	for i := range v.rows {
		if v.rows[i].name == v.cursor {
			return i
		}
	}
	return 0
}

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	switch a {
	case actDown:
		v.move(1)
	case actUp:
		v.move(-1)
	case actDescribe:
		v.scope.Open(screen.Describe{Object: v.object})
	case actYAML:
		v.scope.Open(screen.YAML{Object: v.object})
	case actEtcd:
		v.scope.Open(screen.EtcdKey{Object: v.object})
	case actShell, actAttach:
		if len(v.rows) > 0 {
			v.scope.Open(shell.Session{Object: v.object, Container: v.rows[v.at()].name, Attach: a == actAttach})
		}
	case actDebug:
		if len(v.rows) > 0 {
			shell.Debug(v.scope, v.object, v.rows[v.at()].name)
		}
	case actCopy:
		if len(v.rows) > 0 {
			transfer.Ask(v.scope, v.object, v.rows[v.at()].name)
		}
	case actForward:
		forward.Ask(v.scope, v.object)
	case actForwards:
		v.scope.Open(forward.List{})
	case actHandOver:
		if len(v.rows) > 0 {
			shell.HandOver(v.scope, v.object, v.rows[v.at()].name)
		}
	case actLogs, actPrevious:
		if len(v.rows) > 0 {
			v.scope.Open(screen.Logs{Object: v.object, Container: v.rows[v.at()].name, Previous: a == actPrevious})
		}
	}
}

func (v *view) move(by int) {
	if len(v.rows) > 0 {
		v.cursor = v.rows[max(0, min(v.at()+by, len(v.rows)-1))].name
	}
}

// Object implements screen.Subject.
func (v *view) Object() (screen.Object, bool) { return v.object, true }

// Column implements screen.Columned: a container's columns.
func (v *view) Column(name string) (string, bool) {
	if len(v.rows) == 0 {
		return "", false
	}
	r := v.rows[v.at()]
	switch name {
	case "NAME":
		return r.name, true
	case "IMAGE":
		return r.image, true
	case "STATE":
		return r.state, true
	case "PORTS":
		return strings.TrimSpace(r.ports), true
	}
	return "", false
}

// Click implements screen.Pointer.
func (v *view) Click(_, y int) {
	if y -= v.above(); y > 0 && y-1 < len(v.rows) {
		v.cursor = v.rows[y-1].name
	}
}

// Wheel implements screen.Pointer.
func (v *view) Wheel(lines int) { v.move(lines) }

// usageWidth is what an amount with its parts of request and limit takes.
const usageWidth = 18

// used is an amount, and what part of the request and of the limit it is.
func used(text string, amount, request, limit int64) string {
	part := func(of int64) string {
		if of <= 0 {
			return "-"
		}
		return fmt.Sprint(amount * 100 / of)
	}
	return fmt.Sprintf("%s%4s%4s", text, part(request), part(limit))
}

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	top := v.above()
	if top > 0 {
		v.drawSandbox(c)
	}
	name, image, ports := len("NAME"), len("IMAGE"), len("PORTS")
	for _, r := range v.rows {
		name, image, ports = max(name, canvas.Width(r.name)), max(image, canvas.Width(r.image)), max(ports, canvas.Width(r.ports))
	}
	image = min(image, max(12, c.Width()-name-ports-50))
	if v.usage.Containers != nil {
		image = min(image, max(12, c.Width()-name-ports-50-2*usageWidth))
	}
	imageAt := 4 + name + 3
	stateAt := imageAt + image + 3
	restartsAt := stateAt + 20
	cpuAt, memoryAt := restartsAt, restartsAt
	if v.usage.Containers != nil {
		cpuAt, memoryAt = restartsAt+usageWidth, restartsAt+2*usageWidth
	}
	portsAt := memoryAt + 3
	whyAt := portsAt + ports + 2
	for _, h := range []struct {
		x int
		t string
	}{{4, "NAME"}, {imageAt, "IMAGE"}, {stateAt, "STATE"}, {restartsAt - 8, "RESTARTS"}, {portsAt + 1, "PORTS"}} {
		c.Text(h.x, top, s.Muted, h.t)
	}
	if v.usage.Containers != nil {
		c.Right(cpuAt, top, s.Muted, "CPU  %R  %L")
		c.Right(memoryAt, top, s.Muted, "MEM  %R  %L")
	}
	for i, r := range v.rows {
		y := top + i + 1
		ink := s.Text
		if r.kind != "" {
			ink = s.Muted
		}
		c.Text(2, y, r.health.Style(s), r.health.Glyph())
		c.Clip(4, y, name, ink, r.name)
		c.Clip(imageAt, y, image, ink, r.image)
		state := r.state
		if !r.since.IsZero() {
			state += " " + duration.HumanDuration(v.scope.Now().Sub(r.since))
		}
		stateInk := ink
		if r.health > screen.Good {
			stateInk = r.health.Style(s)
		}
		c.Text(stateAt, y, stateInk, state)
		c.Right(restartsAt, y, ink, fmt.Sprint(r.restarts))
		if u, ok := v.usage.Containers[r.name]; ok {
			c.Right(cpuAt, y, ink, used(usage.CPU(u.Used.CPU), u.Used.CPU, u.Request.CPU, u.Limit.CPU))
			c.Right(memoryAt, y, ink, used(usage.Memory(u.Used.Memory), u.Used.Memory, u.Request.Memory, u.Limit.Memory))
		}
		c.Text(portsAt, y, s.Muted, r.ports)
		why := r.why
		if r.kind != "" {
			why = r.kind + "   " + why
		}
		c.Clip(whyAt, y, c.Width()-whyAt-1, s.Muted, why)
		if r.name == v.cursor {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
}
