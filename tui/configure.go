package tui

import (
	"errors"
	"fmt"

	"github.com/podarium/podarium/themes"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// followConfig takes the user's configuration, now and after each change.
func (m *Model) followConfig() {
	m.bridge.follow(m.life(), m.o.Config.Changed(), func() bool {
		m.reconfigure()
		return true
	})
	if src, _ := m.o.Config.Current(); src.Dir != "" {
		go func() {
			defer m.guard.recover()
			_ = m.o.Config.Watch(m.life()) // where nothing can be watched the configuration stays as it is
		}()
	}
	if w := m.config.Warnings(); len(w) > 0 {
		m.Say(screen.State{Health: screen.Poor, Text: firstOf(w)})
	}
}

// reconfigure takes the configuration as it is now. A bad one is told of, and the last good one stays.
func (m *Model) reconfigure() {
	src, err := m.o.Config.Current()
	var problems config.Problems
	if errors.As(err, &problems) {
		m.Say(screen.State{Health: screen.Bad, Text: firstOf(problems) + " (the configuration before stays in force)"})
		return
	}
	if src == m.config {
		return
	}
	m.config = src
	m.keys = newKeymap(src)
	m.restyle()
	for _, t := range m.tabs {
		t.configure()
	}
	if w := src.Warnings(); len(w) > 0 {
		m.Say(screen.State{Health: screen.Poor, Text: firstOf(w)})
		return
	}
	m.Say(screen.State{Health: screen.Good, Text: "configuration read anew"})
}

// configure hands the configuration to a tab and to the screens in it that ask for it.
func (t *tab) configure() {
	t.session.Configure(t.m.config.Config)
	for _, r := range t.stack {
		for _, r := range append([]*room{r}, r.sideRoom()...) {
			if c, ok := r.screen.(screen.Configured); ok {
				c.Configured()
			}
		}
	}
}

// firstOf is the first of some problems, and how many there are besides.
func firstOf(p config.Problems) string {
	text := p[0].Error()
	if n := len(p) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more: podarium config validate)", n)
	}
	return text
}

// restyle builds the styles for the theme, the background and the terminal in force.
func (m *Model) restyle() {
	t, err := m.config.LoadTheme(m.themeName())
	if err != nil { // the file of the theme chosen by :theme has gone
		t, err = themes.Load(themes.Default(m.dark))
	}
	if err != nil {
		return // a built-in theme: the tests load every one
	}
	m.styles = style.New(t, m.profile)
	m.dirty = true
}

// themeName is the theme in force: the one chosen by name, else the configuration's for the background.
func (m *Model) themeName() string {
	mode := m.config.Theme.Mode
	switch m.o.Theme {
	case "auto":
	case "dark", "light":
		mode = m.o.Theme
	default:
		return m.o.Theme
	}
	dark := m.dark
	if mode != "auto" {
		dark = mode == "dark"
	}
	if dark {
		return m.config.Theme.Dark
	}
	return m.config.Theme.Light
}

// chooseTheme is the command :theme.
func (m *Model) chooseTheme(name string) error {
	if name != "auto" && name != "dark" && name != "light" {
		if _, err := m.config.LoadTheme(name); err != nil {
			return err
		}
	}
	m.o.Theme = name
	m.restyle()
	return nil
}
