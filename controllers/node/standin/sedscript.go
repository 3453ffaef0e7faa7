package standin

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

type sedScript []sedCommand

// sedAddress is a line: by its number, by being the last, or by a pattern.
type sedAddress struct {
	line    int
	last    bool
	pattern *regexp.Regexp
}

func (a *sedAddress) is(n int, last bool, l string) bool {
	if a.pattern != nil {
		return a.pattern.MatchString(l)
	}
	return a.last && last || a.line == n
}

type sedCommand struct {
	from, to *sedAddress
	not      bool
	inside   bool // a range has begun and not ended
	verb     byte
	pattern  *regexp.Regexp
	with     string
	nth      int // which match: 1 where nothing is said
	all      bool
	print    bool
	letters  map[rune]rune
	text     string
}

func (c *sedCommand) selects(n int, last bool, l string) bool {
	switch {
	case c.from == nil:
		return true
	case c.to == nil:
		return c.from.is(n, last, l)
	case c.inside:
		c.inside = !c.to.is(n, last, l) && (c.to.line == 0 || n < c.to.line)
		return true
	case c.from.is(n, last, l):
		c.inside = c.to.line == 0 || n < c.to.line
		return true
	}
	return false
}

func (c *sedCommand) replace(l string) (string, bool) {
	var b strings.Builder
	at, done := 0, false
	for i, m := range c.pattern.FindAllStringSubmatchIndex(l, -1) {
		if i+1 < c.nth || i+1 > c.nth && !c.all {
			continue
		}
		b.WriteString(l[at:m[0]])
		c.expand(&b, l, m)
		at, done = m[1], true
	}
	b.WriteString(l[at:])
	return b.String(), done
}

// expand writes what stands for a match.
func (c *sedCommand) expand(b *strings.Builder, l string, m []int) {
	group := func(n int) {
		if 2*n+1 < len(m) && m[2*n] >= 0 {
			b.WriteString(l[m[2*n]:m[2*n+1]])
		}
	}
	for i := 0; i < len(c.with); i++ {
		switch r := c.with[i]; {
		case r == '&':
			group(0)
		case r != '\\' || i+1 == len(c.with):
			b.WriteByte(r)
		default:
			i++
			switch e := c.with[i]; {
			case e >= '0' && e <= '9':
				group(int(e - '0'))
			case e == 'n':
				b.WriteByte('\n')
			case e == 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(e)
			}
		}
	}
}

// sedParser reads a script from its beginning.
type sedParser struct {
	rest     string
	extended bool
}

func parseSed(text string, extended bool) (sedScript, error) {
	p := &sedParser{rest: text, extended: extended}
	var out sedScript
	for {
		if p.rest = strings.TrimLeft(p.rest, " \t\n;"); p.rest == "" {
			return out, nil
		}
		c, err := p.command()
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
}

func (p *sedParser) blanks() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *sedParser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *sedParser) number() int {
	i := 0
	for i < len(p.rest) && p.rest[i] >= '0' && p.rest[i] <= '9' {
		i++
	}
	n, _ := strconv.Atoi(p.rest[:i]) // 0 where there is none
	p.rest = p.rest[i:]
	return n
}

func (p *sedParser) address() (*sedAddress, error) {
	switch {
	case p.take('$'):
		return &sedAddress{last: true}, nil
	case p.take('/'):
		text, err := p.until('/', true)
		if err != nil {
			return nil, err
		}
		re, err := sedPattern(text, p.extended)
		return &sedAddress{pattern: re}, err
	}
	if n := p.number(); n > 0 {
		return &sedAddress{line: n}, nil
	}
	return nil, nil
}

func (p *sedParser) command() (c sedCommand, err error) {
	if c.from, err = p.address(); err != nil {
		return c, err
	}
	if p.blanks(); c.from != nil && p.take(',') {
		p.blanks()
		if c.to, err = p.address(); err != nil {
			return c, err
		}
		if c.to == nil {
			return c, fmt.Errorf("%q: an address is needed after the comma", p.rest)
		}
		p.blanks()
	}
	c.not = p.take('!')
	if p.blanks(); p.rest == "" {
		return c, fmt.Errorf("missing command")
	}
	c.verb, p.rest = p.rest[0], p.rest[1:]
	switch c.verb {
	case 'p', 'd', 'q', '=':
		return c, nil
	case 'a', 'i', 'c':
		p.blanks()
		if p.take('\\') {
			p.blanks()
			p.take('\n')
		}
		c.text, p.rest, _ = strings.Cut(p.rest, "\n")
		return c, nil
	case 's', 'y':
		return c, p.substitution(&c)
	}
	return c, fmt.Errorf("the command %q is not to be had: there are s, y, p, d, q, =, a, i and c", c.verb)
}

func (p *sedParser) substitution(c *sedCommand) error {
	sep, size := utf8.DecodeRuneInString(p.rest)
	if size == 0 || sep == '\n' || sep == '\\' {
		return fmt.Errorf("unterminated '%c' command", c.verb)
	}
	p.rest = p.rest[size:]
	pattern, err := p.until(sep, c.verb == 's')
	if err != nil {
		return err
	}
	if c.with, err = p.until(sep, false); err != nil {
		return err
	}
	if c.verb == 'y' {
		from, to := []rune(pattern), []rune(c.with)
		if len(from) != len(to) {
			return fmt.Errorf("strings for 'y' command are different lengths")
		}
		c.letters = map[rune]rune{}
		for i, r := range from {
			c.letters[r] = to[i]
		}
		return nil
	}
	c.nth = 1
	for fold := ""; ; {
		switch {
		case p.take('g'):
			c.all = true
		case p.take('p'):
			c.print = true
		case p.take('i'), p.take('I'):
			fold = "(?i)"
		case p.rest != "" && p.rest[0] >= '1' && p.rest[0] <= '9':
			c.nth = p.number()
		case p.rest == "" || strings.ContainsRune(" \t\n;}", rune(p.rest[0])):
			re, err := sedPattern(pattern, p.extended)
			if err == nil && fold != "" {
				re, err = regexp.Compile(fold + re.String())
			}
			c.pattern = re
			return err
		default:
			return fmt.Errorf("unknown option to 's': %q", p.rest[:1])
		}
	}
}

// until reads to a separator that is not escaped and, in a pattern, not in brackets.
func (p *sedParser) until(sep rune, pattern bool) (string, error) {
	var b strings.Builder
	bracket := false
	for i, r := range p.rest {
		switch {
		case r == sep && !bracket:
			if !strings.HasSuffix(b.String(), "\x00") {
				p.rest = p.rest[i+utf8.RuneLen(r):]
				return strings.ReplaceAll(b.String(), "\x00", `\`), nil
			}
			text := strings.TrimSuffix(b.String(), "\x00")
			b.Reset()
			b.WriteString(text)
		case r == '\\' && !bracket && strings.HasSuffix(b.String(), "\x00"):
			text := strings.TrimSuffix(b.String(), "\x00")
			b.Reset()
			b.WriteString(text + `\\`)
			continue
		case r == '\\' && !bracket:
			b.WriteByte(0) // it may escape the separator
			continue
		case r == '[' && pattern && !strings.HasSuffix(b.String(), "\x00"):
			bracket = true
		case r == ']':
			bracket = false
		}
		b.WriteRune(r)
	}
	return "", fmt.Errorf("unterminated command: %q", p.rest)
}

// sedPattern compiles a regular expression of sed's: a basic one, where \( and \| are what ( and | are in an extended one.
func sedPattern(text string, extended bool) (*regexp.Regexp, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '[':
			end := i + 1
			for end < len(text) && (text[end] != ']' || end == i+1 || end == i+2 && text[i+1] == '^') {
				if strings.HasPrefix(text[end:], "[:") {
					if at := strings.Index(text[end:], ":]"); at > 0 {
						end += at + 1
					}
				}
				end++
			}
			b.WriteString(text[i:min(end+1, len(text))])
			i = end
		case c == '\\' && i+1 < len(text):
			i++
			switch e := text[i]; {
			case !extended && strings.IndexByte("(){}|+?", e) >= 0:
				b.WriteByte(e)
			case e == '<' || e == '>':
				b.WriteString(`\b`)
			default:
				b.WriteByte('\\')
				b.WriteByte(e)
			}
		case !extended && strings.IndexByte("(){}|+?", c) >= 0, !extended && c == '*' && (i == 0 || strings.HasSuffix(text[:i], `\(`)):
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return regexp.Compile(b.String())
}
