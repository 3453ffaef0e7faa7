package tui

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/screen"
)

// wordList asks for the list of all that the command line takes: kinds, commands and the user's aliases.
type wordList struct{}

// wordsModule is the list, which the frame itself makes: only it runs commands.
func (m *Model) wordsModule() screen.Module {
	return screen.Module{Name: "Words", Routes: []screen.Route{screen.To(m.openWords)}}
}

func (m *Model) openWords(s *screen.Scope, _ wordList) (screen.Screen, error) {
	t := livetable.NewMade([]livetable.Column{{Name: "Name"}, {Name: "Also"}, {Name: "Is"}, {Name: "Means"}})
	show := func(err error) { t.Set(m.wordRows(), err == nil, err) }
	m.session.Load(m.root)
	show(nil)
	m.session.WhenLoaded(func(err error) {
		if !s.Closed() {
			show(err)
		}
	})
	return resource.New(s, resource.Spec{
		Name: "words", Note: "of the command line", Source: t,
		Enter: func(r *livetable.Row) screen.Request {
			if r.Cells[2].Text == "command" { // it may want an argument
				m.prompt.open(m, promptCommand, r.Name+" ")
			} else {
				m.run(r.Name, true)
			}
			return nil
		},
	})
}

// wordRows are a row for each word, with the others that mean the same.
func (m *Model) wordRows() []*livetable.Row {
	var rows []*livetable.Row
	add := func(name string, also []string, is, means string) {
		rows = append(rows, &livetable.Row{
			UID: types.UID(is + " " + name), Name: name,
			Cells: []livetable.Cell{{Text: name}, {Text: strings.Join(also, ", ")}, {Text: is}, {Text: means}},
		})
	}
	for _, name := range slices.Sorted(maps.Keys(m.config.Aliases)) {
		add(name, nil, "alias", m.config.Aliases[name])
	}
	for _, c := range m.commands {
		add(c.Names[0], c.Names[1:], "command", c.Help)
	}
	for _, k := range m.session.Kinds() {
		where := "in namespaces"
		if !k.Namespaced {
			where = "of the cluster"
		}
		name := k.Resource.Resource
		if first, ok := m.session.Find(name); !ok || first != k { // another group has the short name
			name = k.Resource.GroupResource().String()
		}
		add(name, m.session.NamesOf(k), k.Kind, k.Resource.GroupVersion().String()+"   "+where)
	}
	return rows
}
