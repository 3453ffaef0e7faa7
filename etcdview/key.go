package etcdview

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable is a key as a terminal can show it: as it is where it is text, with \xNN for other bytes. A backslash is
// doubled only where something is escaped; ParseKey reads both back.
func Printable(key string) string {
	if isPrintable(key) {
		return key
	}
	q := strconv.QuoteToASCII(key)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// ParseKey is the opposite of Printable: it reads \xNN and the other escapes of Go strings. Keys without any escape,
// and those whose backslashes are no escapes, are taken as they are.
func ParseKey(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	key, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil || isPrintable(key) {
		return s
	}
	return key
}

func isPrintable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// Size is a number of bytes for people: 842 B, 8.4 MB (of 1000 kB).
func Size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, units := float64(n), "kMGTPE"
	i := -1
	for f >= unit && i < len(units)-1 {
		f /= unit
		i++
	}
	if f >= 99.95 {
		return fmt.Sprintf("%.0f %cB", f, units[i])
	}
	return fmt.Sprintf("%.1f %cB", f, units[i])
}
