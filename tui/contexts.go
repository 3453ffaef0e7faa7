package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// contextTimeout bounds reading a kubeconfig and making a client of it. Neither connects.
const contextTimeout = 10 * time.Second

var errOneCluster = errors.New("this is the only cluster here: 'podarium attach' opens those of your kubeconfig")

// listContexts offers the clusters that there are: those of the kubeconfig, and before them those that are open and of no
// kubeconfig.
func (m *Model) listContexts(inTab bool) {
	if m.o.Contexts == nil {
		m.root.Fail(errOneCluster)
		return
	}
	screen.Call(m.root, "contexts", contextTimeout, m.o.Contexts, func(all []Context, err error) {
		if err != nil {
			m.root.Fail(err)
			return
		}
		all = m.withOpen(all)
		choices := make([]dialog.Choice, len(all))
		at := 0
		for i, c := range all {
			choices[i] = dialog.Choice{Text: c.Name, Note: m.contextNote(c)}
			if c.Name == m.Cluster().Name() {
				at = i
			}
		}
		d := dialog.Choose{Title: "Clusters", Choices: choices, At: at, Then: func(i int) { m.goToContext(all[i].Name, inTab, nothing) }}
		if inTab {
			d.Title = "Open in a new tab"
		} else {
			d.Other.Key, d.Other.Help = "t", "open it in a new tab"
			d.Other.Then = func(i int) { m.goToContext(all[i].Name, true, nothing) }
		}
		m.Ask(dialog.NewChoose(m.root, d))
	})
}

func (m *Model) withOpen(all []Context) []Context {
	var out []Context
	for _, t := range m.tabs {
		name := t.cluster.Name()
		if !slices.ContainsFunc(all, func(c Context) bool { return c.Name == name }) {
			out = append(out, Context{Name: name, Server: t.cluster.Config().Host, ReadOnly: t.cluster.ReadOnly()})
		}
	}
	return append(out, all...)
}

func (m *Model) contextNote(c Context) string {
	note := c.Server
	if c.ReadOnly {
		note += "   read-only"
	}
	if i := m.tabOf(c.Name); i >= 0 && len(m.tabs) > 1 {
		note += fmt.Sprintf("   tab %d", i+1)
	}
	return note
}

// goToContext opens another cluster, in the place of this one or in a tab of its own. Until it is there nothing changes. A
// cluster that is open in a tab comes to the front, and one that runs in this process keeps its tab. then runs when it is in front.
func (m *Model) goToContext(name string, inTab bool, then func()) {
	if i := m.tabOf(name); i >= 0 {
		m.toTab(i)
		then()
		return
	}
	if m.o.Switch == nil {
		m.root.Fail(errOneCluster)
		return
	}
	if !inTab && m.Cluster().StopsWithProcess() {
		inTab = true
	}
	if inTab && len(m.tabs) == maxTabs {
		m.root.Fail(fmt.Errorf("%d clusters are open: close one with :close before you open another", maxTabs))
		return
	}
	from := m.tab
	screen.Call(m.root, "open "+name, contextTimeout, func(ctx context.Context) (*cluster.Cluster, error) {
		return m.o.Switch(ctx, name)
	}, func(c *cluster.Cluster, err error) {
		if err != nil {
			from.root.Fail(err)
			return
		}
		if inTab {
			m.add(c)
		} else {
			m.become(from, c)
		}
		then()
	})
}

func nothing() {}

// learnContexts reads the names of the contexts, for completion.
func (m *Model) learnContexts() {
	if m.o.Contexts == nil {
		return
	}
	screen.Call(m.root, "", contextTimeout, m.o.Contexts, func(all []Context, err error) {
		if err != nil {
			return // the command says so
		}
		m.contexts = nil
		for _, c := range m.withOpen(all) {
			m.contexts = append(m.contexts, c.Name)
		}
	})
}

// completeContext offers the clusters that there are.
func (m *Model) completeContext(*screen.Scope, string) []string { return m.contexts }

// become shows another cluster in the place of a tab: nothing of the old one is kept, and nothing of it reaches the screen
// any more.
func (m *Model) become(old *tab, c *cluster.Cluster) {
	m.prompt.close()
	m.tab = newTab(m, c)
	m.tabs[slices.Index(m.tabs, old)] = m.tab
	m.end(old)
	m.start()
}

// add shows another cluster in a tab of its own, which comes to the front.
func (m *Model) add(c *cluster.Cluster) {
	m.prompt.close()
	m.tab = newTab(m, c)
	m.tabs = append(m.tabs, m.tab)
	m.start()
}

// start opens the first screen of the new tab in front.
func (m *Model) start() {
	m.begin()
	m.Open(m.firstScreen())
	m.Say(screen.State{Health: screen.Good, Text: "on " + m.Cluster().Name()})
}

// end closes a tab that is no longer among the tabs.
func (m *Model) end(t *tab) {
	t.close()
	if e := t.cluster.Etcd(); e != nil && !t.cluster.StopsWithProcess() {
		go func() { _ = e.Close() }() // it may wait for connections that are lost
	}
}

// setReadOnly is the command :readonly. To allow changes takes a question.
func (m *Model) setReadOnly(how string) error {
	c, t := m.Cluster(), m.tab
	on := !c.ReadOnly()
	switch how {
	case "on", "off":
		on = how == "on"
	case "":
	default:
		return fmt.Errorf("readonly %q: give on or off", how)
	}
	set := func() {
		if err := c.SetReadOnly(on); err != nil {
			t.root.Fail(err)
			return
		}
		word := "changes of " + c.Name() + " are possible now, each after a preview"
		if on {
			word = c.Name() + " is read-only now"
		}
		t.root.Say(screen.Good, word)
	}
	if on || !c.ReadOnly() {
		set()
		return nil
	}
	m.Ask(dialog.NewConfirm(m.root, dialog.Confirm{
		Title: "Allow changes", Accept: "Allow",
		Text: fmt.Sprintf("The cluster %q is opened read-only. Allow changes of it until it is closed?", c.Name()),
		Then: set,
	}))
	return nil
}
