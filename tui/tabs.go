package tui

import (
	"errors"
	"slices"
	"strconv"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// maxTabs is how many clusters can be open: each has a digit.
const maxTabs = 9

// tabLine is the line of the screen that the tabs are on: the rule under the header.
const tabLine = 1

// The actions of tabs.
const (
	actTabNext     key.Action = "tab.next"
	actTabPrevious key.Action = "tab.previous"
	actTabClose    key.Action = "tab.close"
	actTabNumber   key.Action = "tab." // and a digit
)

var errOneTab = errors.New("this is the only cluster that is open: :quit leaves podarium")

// tabTable is the table of all keys for going between clusters.
func tabTable() key.Table {
	const group = "Several clusters"
	t := key.Table{
		{Action: actTabNext, Keys: []string{"ctrl+pgdown", "alt+right"}, Help: "the next cluster", Group: group},
		{Action: actTabPrevious, Keys: []string{"ctrl+pgup", "alt+left"}, Help: "the cluster before", Group: group},
		{Action: actTabClose, Keys: []string{"alt+w"}, Help: "close the tab of this cluster", Group: group},
	}
	for i := range maxTabs {
		d := strconv.Itoa(i + 1)
		t = append(t, key.Binding{Action: actTabNumber + key.Action(d), Keys: []string{"alt+" + d}, Help: "the cluster in tab " + d, Group: group})
	}
	return t
}

// tabKeys are those that there is a use for now: none where there is one cluster.
func (m *Model) tabKeys() key.Table {
	if len(m.tabs) < 2 {
		return nil
	}
	t := tabTable().Remap(m.keys[sectionTabs])
	for i := len(m.tabs); i < maxTabs; i++ {
		t = t.With(false, actTabNumber+key.Action(strconv.Itoa(i+1)))
	}
	return t
}

func (m *Model) doTab(a key.Action) {
	at, n := slices.Index(m.tabs, m.tab), len(m.tabs)
	switch a {
	case actTabNext:
		m.toTab((at + 1) % n)
	case actTabPrevious:
		m.toTab((at + n - 1) % n)
	case actTabClose:
		if err := m.closeTab(); err != nil {
			m.root.Fail(err)
		}
	default:
		if i, err := strconv.Atoi(string(a[len(actTabNumber):])); err == nil && i <= n {
			m.toTab(i - 1)
		}
	}
}

// tabOf is the tab of a cluster by its name, -1 where it is not open.
func (m *Model) tabOf(name string) int {
	return slices.IndexFunc(m.tabs, func(t *tab) bool { return t.cluster.Name() == name })
}

// toTab brings a tab to the front.
func (m *Model) toTab(i int) {
	if m.tabs[i] == m.tab {
		return
	}
	m.prompt.close()
	m.tab = m.tabs[i]
	m.dirty = true
	if r := m.top(); r != nil {
		shown(r.screen)
	}
}

// closeTab closes the tab in front. The cluster of this process stays: it would run on unseen.
func (m *Model) closeTab() error {
	switch {
	case len(m.tabs) == 1:
		return errOneTab
	case m.Cluster().StopsWithProcess():
		return errors.New("this cluster runs in this process: it keeps its tab until you leave podarium")
	}
	old, i := m.tab, slices.Index(m.tabs, m.tab)
	m.toTab((i + len(m.tabs) - 1) % len(m.tabs))
	m.tabs = slices.Delete(m.tabs, i, i+1)
	m.end(old)
	return nil
}

// tabLabel is a tab on the tab line, with where it begins and ends.
type tabLabel struct {
	tab      *tab
	text     string
	from, to int
}

// tabLabels places the tabs on a line: all as wide as their names where there is room, else with equal parts of it.
func (m *Model) tabLabels(width int) []tabLabel {
	if len(m.tabs) < 2 {
		return nil
	}
	room := width - 2
	each := room
	for {
		labels := make([]tabLabel, len(m.tabs))
		x := 1
		for i, t := range m.tabs {
			text := " " + strconv.Itoa(i+1) + " " + canvas.Truncate(t.cluster.Name(), each) + " "
			if g := t.mark(t == m.tab); g != "" {
				text += g + " "
			}
			labels[i] = tabLabel{tab: t, text: text, from: x, to: x + canvas.Width(text)}
			x = labels[i].to + 1
		}
		if x <= width || each <= 3 {
			return labels
		}
		each = max(3, min(each-1, room/len(m.tabs)))
	}
}

// mark is a glyph for what a tab that is not in front has to say: its cluster does not answer, something failed, a
// question is open, or calls are under way.
func (t *tab) mark(front bool) string {
	switch {
	case front:
		return ""
	case t.vitals.Sample().StatusErr != nil, t.message.state.Health == screen.Bad:
		return screen.Bad.Glyph()
	case len(t.dialogs) > 0:
		return "?"
	case t.loud() > 0:
		return screen.Busy.Glyph()
	default:
		return ""
	}
}

// drawTabs draws the tabs over the rule.
func (m *Model) drawTabs(c *canvas.Canvas) {
	s := m.styles
	for _, l := range m.tabLabels(c.Width()) {
		ink := s.Muted
		if l.tab == m.tab {
			ink = s.Key
			ink.Attrs |= s.Selection.Attrs
			ink.Bg = s.Selection.Bg
		}
		c.Text(l.from, 0, ink, l.text)
	}
}

// clickTab goes to the tab at a column of the tab line.
func (m *Model) clickTab(x int) bool {
	for i, l := range m.tabLabels(m.width) {
		if x >= l.from && x < l.to {
			m.toTab(i)
			return true
		}
	}
	return false
}
