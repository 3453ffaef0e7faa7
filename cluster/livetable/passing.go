package livetable

import "strings"

// differs reports whether a cell's text changed by more than time that passed.
func differs(a, b string) bool {
	if a == b {
		return false
	}
	if isDuration(a) && isDuration(b) {
		return false
	}
	return withoutAgo(a) != withoutAgo(b)
}

// isDuration recognises what duration.HumanDuration prints: 5s, 3m12s, 2d4h, 3y120d.
func isDuration(s string) bool {
	digits, units := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte("smhdy", c) >= 0 && digits > 0:
			digits = 0
			units++
		default:
			return false
		}
	}
	return units > 0 && digits == 0
}

// withoutAgo turns "2 (3m ago)" into "2".
func withoutAgo(s string) string {
	if i := strings.Index(s, " ("); i >= 0 && strings.HasSuffix(s, " ago)") {
		return s[:i]
	}
	return s
}
