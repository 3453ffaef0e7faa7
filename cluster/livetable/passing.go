package livetable

import (
	"strings"
	"time"
)

// differs reports whether a cell's text changed by more than time that passed.
func differs(a, b string) bool {
	if a == b {
		return false
	}
	_, passes := Elapsed(a)
	if _, also := Elapsed(b); passes && also {
		return false
	}
	return withoutAgo(a) != withoutAgo(b)
}

// Elapsed is the time that a text of duration.HumanDuration tells of: 5s, 3m12s, 2d4h, 3y120d. It is false for other texts.
func Elapsed(text string) (time.Duration, bool) {
	var sum, n time.Duration
	digits := false
	for i := range len(text) {
		var unit time.Duration
		switch c := text[i]; c {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			n, digits = n*10+time.Duration(c-'0'), true
			continue
		case 's':
			unit = time.Second
		case 'm':
			unit = time.Minute
		case 'h':
			unit = time.Hour
		case 'd':
			unit = 24 * time.Hour
		case 'y':
			unit = 365 * 24 * time.Hour
		}
		if unit == 0 || !digits {
			return 0, false
		}
		sum, n, digits = sum+n*unit, 0, false
	}
	return sum, text != "" && !digits
}

// Since is how long before now something was of which a cell of the row says how long ago it was: 5s, when the row was read.
func (r *Row) Since(c Cell, now time.Time) (time.Duration, bool) {
	d, ok := Elapsed(c.Text)
	if !r.Read.IsZero() {
		d += now.Sub(r.Read)
	}
	return d, ok
}

// withoutAgo turns "2 (3m ago)" into "2".
func withoutAgo(s string) string {
	if i := strings.Index(s, " ("); i >= 0 && strings.HasSuffix(s, " ago)") {
		return s[:i]
	}
	return s
}
