package canvas

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// each calls f with the grapheme clusters of text and their widths, made safe to print, until f returns false.
func each(text string, f func(cluster string, width int) bool) {
	for i := 0; i < len(text); {
		if b := text[i]; b < utf8.RuneSelf && (i+1 == len(text) || text[i+1] < utf8.RuneSelf) {
			cluster := text[i : i+1]
			if b < 0x20 || b == 0x7f {
				cluster = safe(rune(b))
			}
			if !f(cluster, 1) {
				return
			}
			i++
			continue
		}
		g := displaywidth.StringGraphemes(text[i:])
		if !g.Next() {
			return
		}
		cluster, w := g.Value(), g.Width()
		if !printable(cluster) { // one by one, so that what is good in it stays
			r, size := utf8.DecodeRuneInString(text[i:])
			cluster = text[i : i+size]
			if w = displaywidth.String(cluster); !printable(cluster) || w == 0 {
				cluster, w = safe(r), 1
			}
			i += size
		} else {
			i += len(cluster)
			if w == 0 {
				cluster, w = safe(0), 1
			}
		}
		if !f(cluster, w) {
			return
		}
	}
}

// printable says that a cluster is valid UTF-8 without control characters, also those that turn text around.
func printable(cluster string) bool {
	for i, r := range cluster {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || (r == utf8.RuneError && !strings.HasPrefix(cluster[i:], "\uFFFD")) {
			return false
		}
	}
	return true
}

// safe stands for a character that must not reach a terminal.
func safe(r rune) string {
	switch r {
	case '\t', '\n', '\r':
		return " "
	default:
		return "·"
	}
}

// Width is the number of columns that text takes.
func Width(text string) int {
	ascii := true
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return len(text)
	}
	n := 0
	each(text, func(_ string, w int) bool { n += w; return true })
	return n
}

// Truncate shortens text to a width, with an ellipsis in the last column where something was left out.
func Truncate(text string, width int) string {
	if width <= 0 {
		return ""
	}
	if Width(text) <= width {
		return text
	}
	var b strings.Builder
	n := 0
	each(text, func(cluster string, w int) bool {
		if n+w > width-1 {
			return false
		}
		b.WriteString(cluster)
		n += w
		return true
	})
	b.WriteString("…")
	return b.String()
}

// Middle cuts a text to a width in columns, without some of its middle where it is longer: how a path ends tells it from
// those beside it.
func Middle(text string, width int) string {
	if Width(text) <= width || width < 3 {
		return Truncate(text, width)
	}
	var clusters []string
	var widths []int
	each(text, func(cluster string, w int) bool {
		clusters, widths = append(clusters, cluster), append(widths, w)
		return true
	})
	room := width - 1 // beside the ellipsis
	head, third := 0, room/3
	for third >= widths[head] {
		third -= widths[head]
		room -= widths[head]
		head++
	}
	tail := len(clusters)
	for room >= widths[tail-1] {
		tail--
		room -= widths[tail]
	}
	return strings.Join(clusters[:head], "") + "…" + strings.Join(clusters[tail:], "")
}

// Parts makes text fit into a width that consists of parts with three blanks between them: the last ones go, and only the first is
// cut, with an ellipsis.
func Parts(text string, width int) string {
	for Width(text) > width {
		i := strings.LastIndex(text, "   ")
		if i < 0 {
			break
		}
		text = strings.TrimRight(text[:i], " ")
	}
	return Truncate(text, width)
}

// Wrap breaks text into lines of no more than width columns, at blanks where there are any.
func Wrap(text string, width int) []string {
	if width <= 0 {
		return nil
	}
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			for Width(word) > width {
				if line != "" {
					lines, line = append(lines, line), ""
				}
				head := cutAt(word, width)
				lines, word = append(lines, head), word[len(head):]
			}
			switch {
			case line == "":
				line = word
			case Width(line)+1+Width(word) <= width:
				line += " " + word
			default:
				lines, line = append(lines, line), word
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// cutAt is as much of text as fits in width, and at least one character, so that cutting ends.
func cutAt(text string, width int) string {
	n, end := 0, 0
	g := displaywidth.StringGraphemes(text)
	for g.Next() {
		if end > 0 && n+g.Width() > width {
			break
		}
		n += g.Width()
		end += len(g.Value())
	}
	return text[:end]
}
