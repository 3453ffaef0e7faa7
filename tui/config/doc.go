package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Fields is the reference of all fields as a Markdown table, from the types.
func Fields() string {
	var b strings.Builder
	b.WriteString("| Field | Value | Default | Meaning |\n|---|---|---|---|\n")
	describe(&b, reflect.TypeFor[Config](), "")
	return b.String()
}

func describe(b *strings.Builder, t reflect.Type, path string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := path + f.Tag.Get("yaml")
		def := f.Tag.Get("default")
		if def != "" {
			def = "`" + def + "`"
		}
		if f.Tag.Get("required") != "" {
			def = "must be given"
		}
		help := strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(f.Tag.Get("help"))
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, typeName(f.Type), strings.ReplaceAll(def, "|", `\|`), help)
		inner, under := f.Type, name+"."
		for inner.Kind() == reflect.Map || inner.Kind() == reflect.Slice {
			if inner.Kind() == reflect.Map {
				under += "NAME."
			} else {
				under = strings.TrimSuffix(under, ".") + "[]."
			}
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			describe(b, inner, under)
		}
	}
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "section"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "number"
	case reflect.Slice:
		return "list of " + strings.TrimPrefix(typeName(t.Elem()), "list of ")
	case reflect.Map:
		if e := t.Elem().Kind(); e == reflect.Map {
			return "names, and names in them"
		}
		return "names with " + strings.Replace(typeName(t.Elem()), "section", "a section each", 1)
	default:
		return "text"
	}
}
