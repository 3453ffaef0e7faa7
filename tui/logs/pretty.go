package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/podarium/podarium/tui/pager"
)

// The names that loggers give to a line's level and message.
var (
	levelKeys   = []string{"level", "lvl", "severity", "levelname", "log.level"}
	messageKeys = []string{"msg", "message", "event"}
	timeKeys    = []string{"time", "ts", "timestamp", "@timestamp"}
)

// object reads a line that is a JSON object, also after a word or two that a logger puts before it.
func object(text []byte) (before string, fields map[string]any, ok bool) {
	at := bytes.IndexByte(text, '{')
	if at < 0 || at > 64 || !bytes.HasSuffix(bytes.TrimSpace(text), []byte("}")) {
		return "", nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text[at:]))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil || len(fields) == 0 {
		return "", nil, false
	}
	return string(text[:at]), fields, true
}

// pretty is a JSON line as people read it: level, message, and the rest as key=value. Nil where it is no JSON.
func pretty(text []byte) pager.Line {
	before, fields, ok := object(text)
	if !ok {
		return nil
	}
	var line pager.Line
	if before != "" {
		line = append(line, pager.Span{Text: before})
	}
	used := map[string]bool{}
	take := func(keys []string) string {
		for _, k := range keys {
			if v, ok := fields[k]; ok {
				used[k] = true
				return plain(v)
			}
		}
		return ""
	}
	_ = take(timeKeys) // the time of the line says it already
	if level := strings.ToUpper(take(levelKeys)); level != "" {
		line = append(line, pager.Span{Text: fmt.Sprintf("%-5s ", level), Ink: levelInk(level)})
	}
	if message := take(messageKeys); message != "" {
		line = append(line, pager.Span{Text: message + "  ", Ink: pager.Heading})
	}
	names := make([]string, 0, len(fields))
	for k := range fields {
		if !used[k] {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	for _, k := range names {
		line = append(line, pager.Span{Text: k + "=", Ink: pager.Muted}, pager.Span{Text: plain(fields[k]) + " "})
	}
	return line
}

func levelInk(level string) pager.Ink {
	switch {
	case strings.HasPrefix(level, "ERR"), strings.HasPrefix(level, "FATAL"), strings.HasPrefix(level, "PANIC"), strings.HasPrefix(level, "CRIT"):
		return pager.Error
	case strings.HasPrefix(level, "WARN"):
		return pager.Warn
	case strings.HasPrefix(level, "DEBUG"), strings.HasPrefix(level, "TRACE"):
		return pager.Muted
	}
	return pager.Info
}

// plain is a JSON value on a line.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// expanded is a line over several: JSON indented, everything else as it is.
func expanded(text []byte) []string {
	at := bytes.IndexByte(text, '{')
	if _, _, ok := object(text); !ok {
		return []string{string(text)}
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text[at:], "", "  "); err != nil {
		return []string{string(text)}
	}
	lines := strings.Split(b.String(), "\n")
	if at > 0 {
		lines = append([]string{string(text[:at])}, lines...)
	}
	return lines
}
