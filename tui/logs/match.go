package logs

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// matcher says whether a line is one that is looked for. It is quick for plain text, which most filters are: a million lines are looked
// at while one waits.
type matcher struct {
	plain []byte // in lower case; nil for a regular expression
	first string // both cases of its first byte
	re    *regexp.Regexp
	not   bool
}

// newMatcher reads a filter: a regular expression or plain text, in any case; with a ! before, what does not match. Nil matches all.
func newMatcher(typed string) (*matcher, error) {
	rest, not := strings.CutPrefix(typed, "!")
	if rest == "" {
		return nil, nil
	}
	m := &matcher{not: not}
	if regexp.QuoteMeta(rest) == rest && isASCII(rest) {
		m.plain = []byte(strings.ToLower(rest))
		m.first = string(m.plain[0])
		if upper := strings.ToUpper(m.first); upper != m.first {
			m.first += upper
		}
		return m, nil
	}
	re, err := regexp.Compile("(?i)" + rest)
	if err != nil {
		return nil, fmt.Errorf("not a regular expression: %w", err)
	}
	m.re = re
	return m, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func (m *matcher) match(line []byte) bool {
	if m.plain == nil {
		return m.re.Match(line) != m.not
	}
	return m.contains(line) != m.not
}

func (m *matcher) contains(line []byte) bool {
	n := len(m.plain)
	for len(line) >= n {
		at := bytes.IndexByte(line[:len(line)-n+1], m.first[0])
		if len(m.first) > 1 {
			end := len(line) - n + 1
			if at >= 0 {
				end = at
			}
			if upper := bytes.IndexByte(line[:end], m.first[1]); upper >= 0 {
				at = upper
			}
		}
		if at < 0 {
			return false
		}
		if equalFold(line[at:at+n], m.plain) {
			return true
		}
		line = line[at+1:]
	}
	return false
}

// equalFold is for text of the same length, the second in lower case.
func equalFold(text, lower []byte) bool {
	for i, b := range text {
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}
