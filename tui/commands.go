package tui

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster/edit"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/manifest"
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
		{Names: []string{"words", "aliases", "alias", "a"}, Help: "all that the command line takes: kinds, commands and aliases", Run: func(*screen.Scope, string) (screen.Request, error) {
			return wordList{}, nil
		}},
		{Names: []string{"ctx", "context", "contexts"}, Help: "list the clusters of the kubeconfig, or go to one: ctx NAME", Complete: m.completeContext, Run: func(_ *screen.Scope, name string) (screen.Request, error) {
			if name == "" {
				m.listContexts(false)
			} else {
				m.goToContext(name, false, nothing)
			}
			return nil, nil
		}},
		{Names: []string{"tab", "tabs"}, Help: "open another cluster of the kubeconfig in a tab: tab NAME", Complete: m.completeContext, Run: func(_ *screen.Scope, name string) (screen.Request, error) {
			if name == "" {
				m.listContexts(true)
			} else {
				m.goToContext(name, true, nothing)
			}
			return nil, nil
		}},
		{Names: []string{"readonly"}, Help: "refuse every change of this cluster, or allow them again: readonly on, readonly off", Complete: func(*screen.Scope, string) []string {
			return []string{"on", "off"}
		}, Run: func(_ *screen.Scope, how string) (screen.Request, error) { return nil, m.setReadOnly(how) }},
		{Names: []string{"plugin"}, Help: "run a plugin on the object under the cursor: plugin NAME", Complete: func(*screen.Scope, string) []string {
			return slices.Sorted(maps.Keys(m.config.Plugins))
		}, Run: func(_ *screen.Scope, name string) (screen.Request, error) {
			m.runPlugin(name)
			return nil, nil
		}},
		{Names: []string{"demo"}, Help: "apply an application to play with, after a preview: demo, demo NAME", Complete: func(*screen.Scope, string) []string {
			return m.demoNames()
		}, Run: m.demo},
		{Names: []string{"tour"}, Help: "be shown round in ten steps, or end it: tour off", Complete: func(*screen.Scope, string) []string {
			return []string{"off"}
		}, Run: func(_ *screen.Scope, how string) (screen.Request, error) { return nil, m.runTour(how) }},
		{Names: []string{"close"}, Help: "close the tab of this cluster", Run: func(*screen.Scope, string) (screen.Request, error) {
			return nil, m.closeTab()
		}},
		{Names: []string{"theme", "skin"}, Help: "change the colours: auto, dark, light, or a theme's name", Complete: func(*screen.Scope, string) []string {
			return append(config.Modes(), m.config.ThemeNames()...)
		}, Run: func(_ *screen.Scope, name string) (screen.Request, error) { return nil, m.chooseTheme(name) }},
	}
}

// command runs a line of the command line, and goes to what it opens.
func (m *Model) command(line string) { m.run(line, false) }

// run runs a line of the command line: an alias of the user's, a word of ours, or a kind with an optional namespace and
// filter. stacked keeps the way back to the screen on top.
func (m *Model) run(line string, stacked bool) {
	m.runs++
	word, argument := firstWord(line)
	if alias, ok := m.config.Aliases[word]; ok {
		word, argument = firstWord(alias + " " + argument)
	}
	to := m.goTo
	if stacked {
		to = m.Open
	}
	for _, c := range m.commands {
		if !slices.Contains(c.Names, word) {
			continue
		}
		r, err := c.Run(m.root, argument)
		if err != nil && m.session.Loading() { // it may be about a kind that is not known yet
			m.whenLoaded(func(error) { m.run(line, stacked) })
		} else if err != nil {
			m.Say(screen.State{Health: screen.Bad, Text: err.Error()})
		} else if r != nil {
			to(r)
		}
		return
	}
	if name, rest, ok := cutContext(argument); ok {
		m.goToContext(name, false, func() { m.run(word+" "+rest, stacked) })
		return
	}
	if r, ok := m.list(word, argument); ok {
		to(r)
		return
	}
	// The kind may have been defined since discovery: ask again, once.
	m.session.Load(m.root)
	m.whenLoaded(func(err error) {
		if err != nil {
			return
		}
		if r, ok := m.list(word, argument); ok {
			to(r)
			return
		}
		best := m.words(strings.ToLower(word))
		if len(best) > 0 && best[0].text != word && strings.HasPrefix(best[0].text, strings.ToLower(word)) { // what completion offers first
			m.run(best[0].text+" "+argument, stacked)
			return
		}
		m.Say(screen.State{Health: screen.Bad, Text: fmt.Sprintf("the cluster has no kind %q, and podarium no such command (? for help)", word)})
	})
}

// whenLoaded goes on with a command when the kinds are known, unless another one was given meanwhile.
func (m *Model) whenLoaded(f func(error)) {
	t, run := m.tab, m.runs
	m.session.WhenLoaded(func(err error) {
		if m.tab == t && m.runs == run {
			f(err)
		}
	})
}

// cutContext takes @NAME out of the argument of a kind: the context that it is about.
func cutContext(argument string) (name, rest string, ok bool) {
	words, _, _ := strings.Cut(" "+argument, " /")
	for _, w := range strings.Fields(words) {
		if name, ok := strings.CutPrefix(w, "@"); ok && name != "" {
			return name, strings.Replace(argument, w, "", 1), true
		}
	}
	return "", argument, false
}

func firstWord(line string) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimSpace(line), " ")
	return word, strings.TrimSpace(rest)
}

// list is the table of a kind. The argument is a namespace or several, labels a=b, -f letters, and at the end a /filter.
func (m *Model) list(word, argument string) (screen.Request, bool) {
	k, ok := m.session.Find(word)
	if !ok {
		return nil, false
	}
	r := screen.Resources{Resource: k.Resource, Namespace: m.session.Namespace}
	if argument, r.Filter, ok = strings.Cut(" "+argument, " /"); !ok {
		r.Filter = ""
	}
	words := strings.Fields(argument)
	for i := 0; i < len(words); i++ {
		switch w := words[i]; {
		case w == "-f" && i+1 < len(words):
			i++
			r.Filter = strings.TrimSpace("-f " + words[i] + " " + r.Filter)
		case w == "-l":
		case strings.ContainsAny(w, "=!"):
			r.LabelSelector = w
		case w == "-" || w == "0": // 0 is the key for all
			r.Namespace = ""
		default:
			r.Namespace = m.session.Resolve(w)
		}
	}
	if k.Namespaced {
		m.session.Use(r.Namespace)
	}
	return r, true
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
		for _, ns := range m.session.Words() {
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
	for _, name := range slices.Sorted(maps.Keys(m.config.Aliases)) {
		add(name, "alias of "+m.config.Aliases[name], []string{name})
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

func (m *Model) demoNames() []string {
	names := make([]string, len(m.o.Demos))
	for i, d := range m.o.Demos {
		names[i] = d.Name
	}
	return names
}

// demo is the preview of applying a demo; without a name, of one that the user chooses.
func (m *Model) demo(s *screen.Scope, name string) (screen.Request, error) {
	preview := func(d Demo) screen.Request {
		return manifest.Show{Source: edit.Source{Path: "demo " + d.Name}, ApplyOptions: edit.ApplyOptions{Namespace: "default"}, Text: string(d.Manifest)}
	}
	if name == "" && len(m.o.Demos) > 0 {
		choices := make([]dialog.Choice, len(m.o.Demos))
		for i, d := range m.o.Demos {
			choices[i] = dialog.Choice{Text: d.Name, Note: d.Summary}
		}
		s.Ask(dialog.NewChoose(s, dialog.Choose{Title: "Demos", Choices: choices, Then: func(i int) { s.Open(preview(m.o.Demos[i])) }}))
		return nil, nil
	}
	for _, d := range m.o.Demos {
		if d.Name == name {
			return preview(d), nil
		}
	}
	return nil, errors.New(config.Unknown("demo", name, m.demoNames()))
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
