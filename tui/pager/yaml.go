package pager

import "strings"

// YAML is a line of YAML, its key set apart from its value.
func YAML(l string) Line {
	body := strings.TrimLeft(l, " -")
	indent := l[:len(l)-len(body)]
	if strings.HasPrefix(body, "#") {
		return Plain(l, Muted)
	}
	name, value, ok := strings.Cut(body, ":")
	if !ok || strings.ContainsAny(name, ` "{`) || (value != "" && value[0] != ' ') {
		return Line{{Text: indent, Ink: Muted}, {Text: body, Ink: valueInk(body)}}
	}
	return Line{
		{Text: indent, Ink: Muted}, {Text: name, Ink: Accent}, {Text: ":", Ink: Muted}, {Text: value, Ink: valueInk(strings.TrimSpace(value))},
	}
}

func valueInk(v string) Ink {
	switch {
	case v == "true", v == "false", v == "null", v == "{}", v == "[]":
		return Info
	case v != "" && v[0] >= '0' && v[0] <= '9' && strings.Trim(v, "0123456789.") == "":
		return Info
	case strings.HasPrefix(v, "••••••"), strings.HasPrefix(v, "'••••••"):
		return Muted
	}
	return Text
}
