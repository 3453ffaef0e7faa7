package livetable

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting that skip follows; the API server's own limit is lower.
const maxDepth = 10000

var errJSON = errors.New("not the JSON of a table")

// scanner walks over JSON without decoding what nobody asks for: most of a Table's bytes are managedFields.
// It trusts the server to send valid JSON, yet no input makes it panic or loop. The first error sticks.
type scanner struct {
	b   []byte
	i   int
	err error
}

func (s *scanner) fail(what string) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s at byte %d", errJSON, what, s.i)
	}
	s.i = len(s.b)
}

// peek is the next byte that is not white space, 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\n', '\t', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// open enters an object or array; it reports false, without an error, where the value is null.
func (s *scanner) open(c byte) bool {
	switch s.peek() {
	case c:
		s.i++
		return true
	case 'n':
		s.skip()
		return false
	}
	s.fail("expected " + string(c))
	return false
}

// more goes to the next element of the object or array that ends with end. first says that none was read yet.
func (s *scanner) more(end byte, first bool) bool {
	switch c := s.peek(); {
	case c == end:
		s.i++
		return false
	case first && c != 0 && c != ',':
		return true
	case !first && c == ',':
		s.i++
		if s.peek() != end {
			return true
		}
	}
	s.fail("expected , or " + string(end))
	return false
}

// key reads an object's key and the colon. It is valid until the scanner is.
func (s *scanner) key() []byte {
	k := s.str()
	if s.peek() != ':' {
		s.fail("expected :")
		return nil
	}
	s.i++
	return k
}

// str reads a string: a part of the input, or a copy where it holds escapes. Null reads as empty.
func (s *scanner) str() []byte {
	if c := s.peek(); c != '"' {
		if c == 'n' {
			s.skip()
		} else {
			s.fail("expected a string")
		}
		return nil
	}
	raw := s.rawString()
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	out, ok := unescape(raw)
	if !ok {
		s.fail("bad escape")
	}
	return out
}

// rawString consumes a string and returns what is between the quotes.
func (s *scanner) rawString() []byte {
	start := s.i + 1
	at := start
	for {
		n := bytes.IndexByte(s.b[min(at, len(s.b)):], '"')
		if n < 0 {
			s.fail("string without end")
			return nil
		}
		at += n
		backslashes := 0
		for j := at - 1; j >= start && s.b[j] == '\\'; j-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			s.i = at + 1
			return s.b[start:at]
		}
		at++
	}
}

// raw consumes any value and returns its bytes.
func (s *scanner) raw() []byte {
	s.peek()
	start := s.i
	s.skip()
	if s.err != nil {
		return nil
	}
	return s.b[start:s.i]
}

// skip consumes any value.
func (s *scanner) skip() {
	depth := 0
	for {
		switch c := s.peek(); c {
		case 0:
			s.fail("unexpected end")
			return
		case '"':
			s.rawString()
		case '{', '[':
			s.i++
			if depth++; depth > maxDepth {
				s.fail("nested too deep")
				return
			}
			continue
		case '}', ']':
			if depth == 0 {
				s.fail("expected a value")
				return
			}
			s.i++
			depth--
		case ',', ':':
			if depth == 0 {
				s.fail("expected a value")
				return
			}
			s.i++
			continue
		default:
			s.literal()
		}
		if depth == 0 || s.err != nil {
			return
		}
	}
}

// literal consumes a number, true, false or null.
func (s *scanner) literal() []byte {
	start := s.i
	for s.i < len(s.b) {
		c := s.b[s.i]
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'E' {
			s.i++
			continue
		}
		break
	}
	if s.i == start {
		s.fail("expected a value")
		return nil
	}
	return s.b[start:s.i]
}

func unescape(raw []byte) ([]byte, bool) {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			continue
		}
		i++
		if i >= len(raw) {
			return nil, false
		}
		switch raw[i] {
		case '"', '\\', '/':
			out = append(out, raw[i])
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := hex4(raw, i+1)
			if !ok {
				return nil, false
			}
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if i+2 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
					low, ok = hex4(raw, i+3)
				}
				if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			return nil, false
		}
	}
	return out, true
}

func hex4(raw []byte, at int) (rune, bool) {
	if at+4 > len(raw) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(raw[at:at+4]), 16, 32)
	return rune(v), err == nil
}
