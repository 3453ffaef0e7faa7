package tui

import (
	"errors"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/plugin"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
	"github.com/podarium/podarium/tui/vitals"
)

// framed is a UI that asks nothing and shows a table's place, with a cluster that is as the sample says.
func framed(t *testing.T, o cluster.Options, sample *vitals.Sample) *Model {
	t.Helper()
	m, err := NewModel(t.Context(), Options{Cluster: nowhere(t, o), LogDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	m.SetClock(func() time.Time { return screentest.Now })
	m.vitals.Put(sample)
	m.stack = []*room{{screen: &probe{table: key.Table{
		{Action: "describe", Keys: []string{"d"}, Hint: "describe", Help: "describe", Group: "Open"},
		{Action: "logs", Keys: []string{"l"}, Hint: "logs", Help: "logs of all containers", Group: "Open"},
		{Action: "delete", Keys: []string{"ctrl+d"}, Hint: "delete", Help: "delete, after a preview", Group: "Change", Changes: true},
	}}, scope: m.root}}
	return m
}

func well3() *vitals.Sample {
	s := &vitals.Sample{Revision: 48211, Rate: 12, DBSize: 8_400_000, Nodes: 3, NodesReady: 3, Pods: 1027}
	s.Status.KubernetesVersion, s.Status.EtcdVersion = "v1.37.2", "3.7.3"
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		s.Status.Components = append(s.Status.Components, cluster.Component{Name: name, State: cluster.Ready})
	}
	return s
}

// golden draws the whole screen in every look.
func golden(t *testing.T, m *Model, name string, width, height int) {
	t.Helper()
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	screentest.Golden(t, fmt.Sprintf("%s-%dx%d", name, width, height), func(l screentest.Look) *canvas.Canvas {
		m.dark, m.profile = l.Dark, l.Profile
		m.restyle()
		m.canvas = nil // each look has cells of its own
		return m.Draw()
	})
}

func goldens(t *testing.T, m *Model, name string) {
	t.Helper()
	for _, size := range screentest.Sizes {
		golden(t, m, name, size[0], size[1])
	}
}

func TestGoldenFrame(t *testing.T) {
	goldens(t, framed(t, cluster.Options{Name: "default"}, well3()), "frame")

	poor := well3()
	poor.NodesReady = 2
	poor.Status.Components[3].State = cluster.Failed
	golden(t, framed(t, cluster.Options{Name: "prod-eu", ReadOnly: true}, poor), "frame-poor", 80, 24)

	m := framed(t, cluster.Options{Name: "prod-eu"}, &vitals.Sample{Nodes: -1, Pods: -1, StatusErr: errors.New("dial tcp 10.0.0.1:6443: connect: connection refused")})
	golden(t, m, "frame-no-answer", 80, 24)
	golden(t, m, "frame-too-small", 20, 5)
	m = framed(t, cluster.Options{Name: "prod-eu"}, &vitals.Sample{Nodes: -1, Pods: -1})
	golden(t, m, "frame-connecting", 80, 24)
}

func TestGoldenMessages(t *testing.T) {
	m := framed(t, cluster.Options{Name: "default"}, well3())
	m.Say(screen.State{Health: screen.Good, Text: "scaled web to 5"})
	golden(t, m, "message", 80, 24)
	m.Say(screen.State{Health: screen.Bad, Text: "the server refused: admission webhook \"policy.example.com\" denied the request: image nginx:latest is not allowed in namespace shop, name a version"})
	golden(t, m, "message-long", 80, 24)
	m.message = message{}
	m.calls[1] = &call{what: "drain node-2", since: screentest.Now.Add(-3 * time.Second), cancel: func() {}}
	golden(t, m, "call", 80, 24)
}

func TestGoldenPrompt(t *testing.T) {
	m := framed(t, cluster.Options{Name: "default"}, well3())
	press(m, ":", "r", "o")
	goldens(t, m, "prompt")
}

func TestGoldenTabs(t *testing.T) {
	m := framed(t, cluster.Options{Name: "default"}, well3())
	other := newTab(m, nowhere(t, cluster.Options{Name: "prod-eu", ReadOnly: true}))
	other.vitals.Put(&vitals.Sample{Nodes: -1, Pods: -1, StatusErr: errors.New("no route to host")})
	m.tabs = append(m.tabs, other)
	golden(t, m, "tabs", 80, 24)
}

func TestGoldenTour(t *testing.T) {
	m := framed(t, cluster.Options{Name: "default", Disposable: true}, well3())
	if err := m.beginTour(); err != nil {
		t.Fatal(err)
	}
	goldens(t, m, "tour")
	m.command("tour off")
	if m.guide != nil {
		t.Error(":tour off does not end it")
	}
}

func TestGoldenHelp(t *testing.T) {
	m := framed(t, cluster.Options{Name: "default"}, well3())
	press(m, "?")
	goldens(t, m, "help")
}

// on is a screen whose cursor is on an object.
type on struct {
	*probe
	object screen.Object
}

func (o *on) Object() (screen.Object, bool) { return o.object, true }

func TestGoldenPane(t *testing.T) {
	m := framed(t, cluster.Options{Name: "default"}, well3())
	o := screen.Object{Kind: "Pod", Namespace: "shop", Name: "web-1", UID: "1"}
	r := m.top()
	r.screen = &on{probe: r.screen.(*probe), object: o}
	scope := screen.NewScope(t.Context(), m)
	text, err := m.router.Open(scope, plugin.Output{Name: "yaml", Text: "kind: Pod\nmetadata:\n  name: web-1"})
	if err != nil {
		t.Fatal(err)
	}
	r.side = &side{what: "yaml", of: o, next: o, room: &room{screen: text, scope: scope}}
	goldens(t, m, "pane")
	r.side.focused = true
	golden(t, m, "pane-focused", 120, 40)
}
