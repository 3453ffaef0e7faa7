package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/themes"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// frameCommands are the words that are not a screen's.
func frameCommands(m *Model) []screen.Command {
	return []screen.Command{
		{Names: []string{"quit", "q", "q!", "qa", "exit"}, Help: "leave podarium", Run: func(*screen.Scope, string) (screen.Request, error) {
			m.askQuit()
			return nil, nil
		}},
		{Names: []string{"help", "h"}, Help: "list the keys of this screen", Run: func(*screen.Scope, string) (screen.Request, error) {
			m.help()
			return nil, nil
		}},
		{Names: []string{"ctx", "context", "contexts"}, Help: "list the clusters of the kubeconfig, or go to one: ctx NAME", Run: func(_ *screen.Scope, name string) (screen.Request, error) {
			if name == "" {
				m.listContexts(false)
			} else {
				m.goToContext(name, false)
			}
			return nil, nil
		}},
		{Names: []string{"tab", "tabs"}, Help: "open another cluster of the kubeconfig in a tab: tab NAME", Run: func(_ *screen.Scope, name string) (screen.Request, error) {
			if name == "" {
				m.listContexts(true)
			} else {
				m.goToContext(name, true)
			}
			return nil, nil
		}},
		{Names: []string{"close"}, Help: "close the tab of this cluster", Run: func(*screen.Scope, string) (screen.Request, error) {
			return nil, m.closeTab()
		}},
		{Names: []string{"theme"}, Help: "change the colours: auto, or a theme's name", Complete: func(*screen.Scope, string) []string {
			return append([]string{"auto"}, themes.Names()...)
		}, Run: func(_ *screen.Scope, name string) (screen.Request, error) {
			if name != "auto" {
				if _, err := themes.Load(name); err != nil {
					return nil, err
				}
			}
			m.o.Theme = name
			m.restyle()
			return nil, nil
		}},
	}
}

// command runs a line of the command line: a word of ours, or a kind with an optional namespace and filter.
func (m *Model) command(line string) {
	word, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
	argument = strings.TrimSpace(argument)
	for _, c := range m.commands {
		for _, name := range c.Names {
			if name != word {
				continue
			}
			r, err := c.Run(m.root, argument)
			if err != nil && m.session.Loading() { // it may be about a kind that is not known yet
				m.session.WhenLoaded(func(error) { m.command(line) })
			} else if err != nil {
				m.Say(screen.State{Health: screen.Bad, Text: err.Error()})
			} else if r != nil {
				m.goTo(r)
			}
			return
		}
	}
	if m.list(word, argument) {
		return
	}
	// The kind may have been defined since discovery: ask again, once.
	m.session.Load(m.root)
	m.session.WhenLoaded(func(err error) {
		switch best := m.words(strings.ToLower(word)); {
		case err != nil || m.list(word, argument):
		case len(best) > 0 && best[0].text != word && strings.HasPrefix(best[0].text, strings.ToLower(word)): // what completion offers first
			m.command(best[0].text + " " + argument)
		default:
			m.Say(screen.State{Health: screen.Bad, Text: fmt.Sprintf("the cluster has no kind %q, and podarium no such command (? for help)", word)})
		}
	})
}

// list opens the table of a kind. The argument is a namespace, a /filter, labels a=b, or several of these.
func (m *Model) list(word, argument string) bool {
	k, ok := m.session.Find(word)
	if !ok {
		return false
	}
	r := screen.Resources{Resource: k.Resource, Namespace: m.session.Namespace}
	for _, part := range strings.Fields(argument) {
		switch {
		case strings.HasPrefix(part, "/"):
			r.Filter = part[1:]
		case part == "-l":
		case strings.ContainsAny(part, "=!"):
			r.LabelSelector = part
		case part == "all" || part == "-" || part == "0": // 0 is the key for all
			r.Namespace = ""
			m.session.Use("")
		default:
			r.Namespace = part
			m.session.Use(part)
		}
	}
	m.goTo(r)
	return true
}

// candidates are the words that fit what has been typed, best first.
func (m *Model) candidates(line string) []candidate {
	head, word := lastWord(line)
	if head == "" {
		return m.words(strings.ToLower(word))
	}
	first, _, _ := strings.Cut(head, " ")
	var out []candidate
	for _, c := range m.commands {
		for _, name := range c.Names {
			if name == first && c.Complete != nil {
				for _, a := range c.Complete(m.root, word) {
					if strings.HasPrefix(a, word) {
						out = append(out, candidate{text: a})
					}
				}
				return out
			}
		}
	}
	if k, ok := m.session.Find(first); ok && k.Namespaced && strings.Count(head, " ") == 1 {
		for _, ns := range append([]string{"all"}, m.session.Namespaces()...) {
			if strings.HasPrefix(ns, word) {
				out = append(out, candidate{text: ns, note: "namespace"})
			}
		}
	}
	return out
}

// words completes the first word: what begins with it, and then what contains it.
func (m *Model) words(word string) []candidate {
	var exact, begins, contains []candidate
	add := func(text, note string, names []string) {
		c := candidate{text: text, note: note}
		for _, n := range names {
			if n == word && word != "" {
				exact = append(exact, c)
				return
			}
		}
		for _, n := range names {
			if strings.HasPrefix(n, word) {
				begins = append(begins, c)
				return
			}
		}
		if strings.Contains(text, word) {
			contains = append(contains, c)
		}
	}
	if word == "" {
		return nil
	}
	for _, c := range m.commands {
		add(c.Names[0], c.Help, c.Names)
	}
	for _, k := range m.session.Kinds() {
		add(k.Resource.Resource, kindNote(k), append([]string{k.Resource.Resource, k.Singular}, k.Short...))
	}
	return append(append(exact, begins...), contains...)
}

func kindNote(k *session.Kind) string {
	note := k.Kind
	if k.Resource.Group != "" {
		note += "  " + k.Resource.Group
	}
	if len(k.Short) > 0 {
		note += "  (" + strings.Join(k.Short, ", ") + ")"
	}
	return note
}

// askQuit leaves, after a question where the cluster would stop.
func (m *Model) askQuit() {
	quit := func() {
		m.quitting = true
		m.queue = append(m.queue, tea.Quit)
	}
	if !m.Cluster().StopsWithProcess() {
		quit()
		return
	}
	m.Ask(dialog.NewConfirm(m.root, dialog.Confirm{
		Title:  "Quit",
		Text:   fmt.Sprintf("The cluster %q runs in this process and stops with it.", m.Cluster().Name()),
		Accept: "Quit",
		Then:   quit,
	}))
}
