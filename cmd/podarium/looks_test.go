//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/themes"
	"github.com/podarium/podarium/tui/ptytest"
)

func TestTheUIFollowsTheTerminalsColourScheme(t *testing.T) {
	c, _ := clustertest.Shared(t)
	ui := ptytest.Open(t, ptytest.Options{Columns: 100, Rows: 30, Args: []string{"--data-dir", c.DataDir}})
	ui.Wait("all up")
	for _, dark := range []bool{true, false, true} {
		theme, err := themes.Load(themes.Default(dark))
		if err != nil {
			t.Fatal(err)
		}
		want := theme.Colour(themes.Background).RGB
		ui.Scheme(dark)
		clustertest.Eventually(t, theme.Name, func() bool {
			g := ui.Ground(50, 10)
			if g == nil {
				return false
			}
			r, gr, b, _ := g.RGBA()
			return uint8(r>>8) == want.R && uint8(gr>>8) == want.G && uint8(b>>8) == want.B
		})
	}
	ui.Command("q")
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	raw := ui.Raw()
	if set, reset := strings.Index(raw, ansi.SetModeLightDark), strings.LastIndex(raw, ansi.ResetModeLightDark); set < 0 || reset < set {
		t.Errorf("reports of the colour scheme: asked for at %d, given up at %d", set, reset)
	}
}

func TestNoColorIsAnyValue(t *testing.T) {
	c, _ := clustertest.Shared(t)
	ui := ptytest.Open(t, ptytest.Options{Columns: 100, Rows: 30, Args: []string{"--data-dir", c.DataDir}, Env: []string{"NO_COLOR=yes"}})
	ui.Wait("all up")
	for y := range 30 {
		for x := range 100 {
			if g := ui.Ground(x, y); g != nil {
				t.Fatalf("a colour at %d,%d: %v", x, y, g)
			}
		}
	}
	ui.Command("q")
	ui.Exited()
}
