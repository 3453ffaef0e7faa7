// Package pager shows long text: it scrolls both ways, wraps on demand, searches with highlights, and follows a text
// that grows. Only the lines in sight are laid out, however many there are.
package pager

import (
	"regexp"
	"strings"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/style"
)

// Ink picks a style from those in force, so that text survives a change of theme.
type Ink func(*style.Styles) canvas.Style

// The inks that most texts need.
func Text(s *style.Styles) canvas.Style    { return s.Text }
func Muted(s *style.Styles) canvas.Style   { return s.Muted }
func Heading(s *style.Styles) canvas.Style { return s.Heading }
func Accent(s *style.Styles) canvas.Style  { return s.Accent }
func Key(s *style.Styles) canvas.Style     { return s.Key }
func OK(s *style.Styles) canvas.Style      { return s.OK }
func Warn(s *style.Styles) canvas.Style    { return s.Warn }
func Error(s *style.Styles) canvas.Style   { return s.Error }
func Info(s *style.Styles) canvas.Style    { return s.Info }
func Added(s *style.Styles) canvas.Style   { return s.Added }
func Marked(s *style.Styles) canvas.Style  { return s.Marked }
func Changed(s *style.Styles) canvas.Style { return s.Changed }
func Removed(s *style.Styles) canvas.Style { return s.Removed }

// Span is a piece of a line in one ink; nil is Text.
type Span struct {
	Text string
	Ink  Ink
}

// Line is one line.
type Line []Span

// Plain is a line in one ink.
func Plain(text string, ink Ink) Line { return Line{{Text: text, Ink: ink}} }

// String is the line without its inks.
func (l Line) String() string {
	if len(l) == 1 {
		return l[0].Text
	}
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Source is a text whose lines are made when they are looked at, for texts that are too long to lay out.
type Source interface {
	Len() int
	// Line is line i, from 0.
	Line(i int) Line
}

// Lines is a Source that is laid out.
type Lines []Line

// Len implements Source.
func (l Lines) Len() int { return len(l) }

// Line implements Source.
func (l Lines) Line(i int) Line { return l[i] }

// Pager shows lines. The zero value is empty and ready.
type Pager struct {
	source Source
	top    int // index of the first line in sight
	left   int // columns scrolled to the right
	wrap   bool
	follow bool
	height int // of the last Draw

	query string
	match *regexp.Regexp
}

// SetLines replaces the text and keeps the place.
func (p *Pager) SetLines(lines []Line) { p.SetSource(Lines(lines)) }

// SetSource replaces the text and keeps the place.
func (p *Pager) SetSource(s Source) {
	p.source = s
	p.clamp()
}

// Len is how many lines there are.
func (p *Pager) Len() int {
	if p.source == nil {
		return 0
	}
	return p.source.Len()
}

// Line is line i of the text, from 0.
func (p *Pager) Line(i int) Line { return p.source.Line(i) }

// Text is the whole text, a line each.
func (p *Pager) Text() string {
	var b strings.Builder
	for i := range p.Len() {
		b.WriteString(p.Line(i).String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Follow keeps the end in sight as the text grows.
func (p *Pager) Follow(on bool) { p.follow = on }

// Following says whether the end is kept in sight.
func (p *Pager) Following() bool { return p.follow }

// Wrap breaks long lines, or lets them be scrolled.
func (p *Pager) Wrap(on bool) { p.wrap, p.left = on, 0 }

// Wrapping says whether long lines are broken.
func (p *Pager) Wrapping() bool { return p.wrap }

// At is the line at the top, from 0.
func (p *Pager) At() int { return p.top }

// GoTo puts a line at the top.
func (p *Pager) GoTo(line int) {
	p.top, p.follow = line, false
	p.clamp()
}

func (p *Pager) clamp() {
	last := max(0, p.Len()-max(1, p.height))
	if p.wrap {
		last = max(0, p.Len()-1)
	}
	p.top = max(0, min(p.top, last))
}

// Search highlights what matches: a regular expression where it is one, plain text otherwise, in any case. It goes to
// the first match from the place on. An empty query ends the search.
func (p *Pager) Search(query string) {
	p.Highlight(query)
	p.find(p.top, 1)
}

// Highlight highlights what matches and stays where it is.
func (p *Pager) Highlight(query string) {
	p.query, p.match = query, nil
	if query == "" {
		return
	}
	re, err := regexp.Compile("(?i)" + query)
	if err != nil {
		re = regexp.MustCompile("(?i)" + regexp.QuoteMeta(query))
	}
	p.match = re
}

// Query is what is searched for.
func (p *Pager) Query() string { return p.query }

// Matches counts the lines that match.
func (p *Pager) Matches() int {
	if p.match == nil {
		return 0
	}
	n := 0
	for i := range p.Len() {
		if p.match.MatchString(p.Line(i).String()) {
			n++
		}
	}
	return n
}

func (p *Pager) find(from, by int) {
	if p.match == nil || p.Len() == 0 {
		return
	}
	n := p.Len()
	for i := range n {
		at := ((from+i*by)%n + n) % n
		if p.match.MatchString(p.Line(at).String()) {
			p.top, p.follow = at, false
			p.clamp()
			return
		}
	}
}

// Scroll moves by lines, down where positive.
func (p *Pager) Scroll(by int) {
	p.top += by
	if by < 0 {
		p.follow = false
	}
	p.clamp()
}

// The actions of a pager.
const (
	actDown   key.Action = "pager.down"
	actUp     key.Action = "pager.up"
	actPageDn key.Action = "pager.page-down"
	actPageUp key.Action = "pager.page-up"
	actTop    key.Action = "pager.top"
	actBottom key.Action = "pager.bottom"
	actLeft   key.Action = "pager.left"
	actRight  key.Action = "pager.right"
	actNext   key.Action = "pager.next"
	actPrev   key.Action = "pager.previous"
	actWrap   key.Action = "pager.wrap"
)

// Keys are the keys of a pager, for the table of the screen that has one.
func Keys() key.Table {
	return key.Table{
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
		{Action: actPageDn, Keys: []string{"ctrl+f", "pgdown", "space"}, Help: "a page down", Group: "Move"},
		{Action: actPageUp, Keys: []string{"ctrl+b", "pgup"}, Help: "a page up", Group: "Move"},
		{Action: actTop, Keys: []string{"g", "home"}, Help: "to the top", Group: "Move"},
		{Action: actBottom, Keys: []string{"G", "end"}, Help: "to the end, and follow it", Group: "Move"},
		{Action: actLeft, Keys: []string{"h", "left"}, Help: "to the left", Group: "Move"},
		{Action: actRight, Keys: []string{"l", "right"}, Help: "to the right", Group: "Move"},
		{Action: actNext, Keys: []string{"n"}, Help: "next match of the search (/)", Group: "Move"},
		{Action: actPrev, Keys: []string{"N"}, Help: "previous match", Group: "Move"},
		{Action: actWrap, Keys: []string{"w"}, Help: "wrap long lines, or not", Group: "View"},
	}
}

// Do does an action of Keys, and says whether it was one.
func (p *Pager) Do(a key.Action) bool {
	switch a {
	case actDown:
		p.Scroll(1)
	case actUp:
		p.Scroll(-1)
	case actPageDn:
		p.Scroll(max(1, p.height-1))
	case actPageUp:
		p.Scroll(-max(1, p.height-1))
	case actTop:
		p.GoTo(0)
	case actBottom:
		p.GoTo(p.Len())
		p.follow = true
	case actLeft:
		p.left = max(0, p.left-8)
	case actRight:
		if !p.wrap {
			p.left += 8
		}
	case actNext:
		p.find(p.top+1, 1)
	case actPrev:
		p.find(p.top-1, -1)
	case actWrap:
		p.Wrap(!p.wrap)
	default:
		return false
	}
	return true
}
