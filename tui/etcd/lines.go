package etcd

import (
	"fmt"
	"strings"

	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
	"github.com/podarium/podarium/tui/pager"
)

// format is how a value is shown.
type format string

const (
	asYAML   format = "YAML"
	asJSON   format = "JSON"
	asBase64 format = "base64"
	asHex    format = "hex"
)

var formats = []format{asYAML, asJSON, asBase64, asHex}

func (f format) after() format {
	for i, x := range formats {
		if x == f {
			return formats[(i+1)%len(formats)]
		}
	}
	return asYAML
}

// valueLines writes a value. Stored bytes of a masked Secret are not shown either.
func valueLines(v *decode.Value, f format, managedFields bool) []pager.Line {
	var lines []pager.Line
	if v.Err != nil {
		lines = append(lines, pager.Plain("✗ not decoded: "+v.Err.Error(), pager.Error))
	}
	if v.Form == decode.Encrypted && v.Err == nil && f == asYAML {
		lines = append(lines, pager.Plain("encrypted at rest: 'podarium etcd --encryption-config FILE' shows what is in it", pager.Muted))
	}
	if (f == asBase64 || f == asHex) && v.Masked() {
		return append(lines, pager.Plain("the stored bytes of a Secret are masked: x shows them", pager.Muted))
	}
	switch f {
	case asBase64:
		s := v.Base64()
		const width = 76
		for len(s) > width {
			lines, s = append(lines, pager.Plain(s[:width], nil)), s[width:]
		}
		return append(lines, pager.Plain(s, nil))
	case asHex:
		for l := range strings.Lines(v.Hex()) {
			lines = append(lines, pager.Plain(strings.TrimSuffix(l, "\n"), nil))
		}
		return lines
	}
	text, err := render(v, f, managedFields)
	if err != nil {
		return append(lines, pager.Plain("✗ "+err.Error(), pager.Error))
	}
	for l := range strings.Lines(text) {
		lines = append(lines, yamlLine(strings.TrimRight(l, "\r\n")))
	}
	if len(lines) == 0 {
		lines = append(lines, pager.Plain("the value is empty", pager.Muted))
	}
	return lines
}

func render(v *decode.Value, f format, managedFields bool) (string, error) {
	write := v.YAML
	if f == asJSON {
		write = v.JSON
	}
	b, err := write()
	if err != nil {
		return "", err
	}
	if !managedFields && f == asYAML {
		return foldManagedFields(string(b)), nil
	}
	return string(b), nil
}

// foldManagedFields leaves out the block of metadata.managedFields, and says so.
func foldManagedFields(y string) string {
	const head = "\n  managedFields:\n"
	i := strings.Index(y, head)
	if i < 0 || !strings.HasPrefix(y, "apiVersion:") {
		return y
	}
	body := y[i+len(head):]
	n, entries := 0, 0
	for l := range strings.Lines(body) {
		if !strings.HasPrefix(l, "  - ") && !strings.HasPrefix(l, "    ") {
			break
		}
		if strings.HasPrefix(l, "  - ") {
			entries++
		}
		n += len(l)
	}
	who := "managers"
	if entries == 1 {
		who = "manager"
	}
	return fmt.Sprintf("%s\n  managedFields: # %d %s, folded: M shows them\n%s", y[:i], entries, who, body[n:])
}

// yamlLine gives the name of a field one ink and its value another. It serves for JSON too.
func yamlLine(l string) pager.Line {
	body := strings.TrimLeft(l, " -")
	indent := l[:len(l)-len(body)]
	if strings.HasPrefix(body, "#") {
		return pager.Plain(l, pager.Muted)
	}
	i := strings.Index(body, ":")
	if i <= 0 || i+1 < len(body) && body[i+1] != ' ' || strings.ContainsAny(body[:i], " ,") {
		return pager.Plain(l, nil)
	}
	line := pager.Line{{Text: indent, Ink: pager.Muted}, {Text: body[:i+1], Ink: pager.Accent}}
	value := body[i+1:]
	switch {
	case strings.Contains(value, "<masked"):
		return append(line, pager.Span{Text: value, Ink: pager.Warn})
	case strings.HasPrefix(strings.TrimSpace(value), "# "):
		return append(line, pager.Span{Text: value, Ink: pager.Muted})
	}
	return append(line, pager.Span{Text: value})
}

// diffLines writes changes as a diff: the path, and below it what was and what is.
func diffLines(changes []diff.Change) []pager.Line {
	var lines []pager.Line
	for _, c := range changes {
		if c.Folded {
			lines = append(lines, pager.Plain("  "+c.Path+"  (folded)", pager.Muted))
			continue
		}
		lines = append(lines, pager.Plain("  "+c.Path, pager.Heading))
		if c.Op != diff.Added {
			lines = append(lines, sided("- ", c.Old, pager.Removed)...)
		}
		if c.Op != diff.Removed {
			lines = append(lines, sided("+ ", c.New, pager.Added)...)
		}
	}
	if len(lines) == 0 {
		return []pager.Line{pager.Plain("  no difference", pager.Muted)}
	}
	return lines
}

func sided(sign string, v any, ink pager.Ink) []pager.Line {
	var lines []pager.Line
	for l := range strings.Lines(decode.Format(v)) {
		lines = append(lines, pager.Plain(sign+"  "+strings.TrimRight(l, "\n"), ink))
	}
	if len(lines) == 0 {
		lines = append(lines, pager.Plain(sign+`  ""`, ink))
	}
	return lines
}
