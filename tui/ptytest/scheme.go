//go:build unix

package ptytest

import "image/color"

// Scheme gives the terminal a dark or a light background, and tells the program so as a terminal does whose colour scheme
// changes: by an unasked report (mode 2031), after which programs ask for the background (OSC 11).
func (p *Terminal) Scheme(dark bool) {
	p.t.Helper()
	ground, report := color.RGBA{R: 255, G: 255, B: 255, A: 255}, "\x1b[?997;2n"
	if dark {
		ground, report = color.RGBA{R: 16, G: 16, B: 16, A: 255}, "\x1b[?997;1n"
	}
	p.mu.Lock()
	p.screen.SetBackgroundColor(ground)
	p.mu.Unlock()
	p.Type(report)
}

// Ground is what a cell (from 0) has behind its text; nil for the terminal's own background.
func (p *Terminal) Ground(x, y int) color.Color {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.screen.CellAt(x, y); c != nil {
		return c.Style.Bg
	}
	return nil
}
