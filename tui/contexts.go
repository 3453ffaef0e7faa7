package tui

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// contextTimeout bounds reading a kubeconfig and making a client of it. Neither connects.
const contextTimeout = 10 * time.Second

var errOneCluster = errors.New("this is the only cluster here: 'podarium attach' opens those of your kubeconfig")

// listContexts offers the clusters that there are.
func (m *Model) listContexts() {
	if m.o.Contexts == nil {
		m.root.Fail(errOneCluster)
		return
	}
	screen.Call(m.root, "contexts", contextTimeout, m.o.Contexts, func(all []Context, err error) {
		if err != nil {
			m.root.Fail(err)
			return
		}
		choices := make([]dialog.Choice, len(all))
		at := 0
		for i, c := range all {
			note := c.Server
			if c.ReadOnly {
				note += "   read-only"
			}
			choices[i] = dialog.Choice{Text: c.Name, Note: note}
			if c.Name == m.Cluster().Name() {
				at = i
			}
		}
		m.Ask(dialog.NewChoose(m.root, dialog.Choose{Title: "Clusters", Choices: choices, At: at, Then: func(i int) { m.switchTo(all[i].Name) }}))
	})
}

// switchTo opens another cluster in place of this one. Until it is there this one stays.
func (m *Model) switchTo(name string) {
	if m.o.Switch == nil {
		m.root.Fail(errOneCluster)
		return
	}
	if m.Cluster().StopsWithProcess() {
		m.root.Fail(fmt.Errorf("the cluster %q runs in this process: open %s with 'podarium attach --context %s' in another terminal", m.Cluster().Name(), name, name))
		return
	}
	screen.Call(m.root, "open "+name, contextTimeout, func(ctx context.Context) (*cluster.Cluster, error) {
		return m.o.Switch(ctx, name)
	}, func(c *cluster.Cluster, err error) {
		if err != nil {
			m.root.Fail(err)
			return
		}
		m.become(c)
	})
}

// become shows another cluster: nothing of the old one is kept, and nothing of it reaches the screen any more.
func (m *Model) become(c *cluster.Cluster) {
	for len(m.stack) > 0 {
		m.pop()
	}
	m.root.Close()
	if e := m.o.Cluster.Etcd(); e != nil && !m.o.Cluster.StopsWithProcess() {
		go func() { _ = e.Close() }() // it may wait for connections that are lost
	}
	m.o.Cluster = c
	m.dialogs, m.message, m.visits = nil, message{}, visits{}
	m.share()
	m.begin()
	m.Open(m.firstScreen())
	m.Say(screen.State{Health: screen.Good, Text: "on " + c.Name()})
}
