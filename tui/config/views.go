package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/podarium/podarium/cluster/livetable"
)

// View is which columns the table of a kind has, and what it is sorted by.
type View struct {
	Columns    []string `yaml:"columns" help:"the columns in their order: NAME, or NAME:JSONPATH for one of your own, each with |FLAGS after it: W only in the wide table, H never, T a time, shown as the time since, N a number, R to the right, L to the left; the columns that are not named are in the wide table"`
	SortColumn string   `yaml:"sortColumn" help:"the column that it is sorted by, with :asc or :desc"`
}

// Column is one column of a View.
type Column struct {
	Name string
	// Path is a JSONPath, empty for a column that the table has anyway.
	Path string
	// Wide is shown only in the wide table, Hidden never.
	Wide, Hidden bool
	// Time is shown as the time since; Right and Left say where the text stands.
	Time, Right, Left bool
}

// columnText is NAME, NAME:PATH, and each with |FLAGS. A path may have a | of its own.
var columnText = regexp.MustCompile(`^([^:|]+)(?::(.*?))?(?:\|([A-Za-z]*))?$`)

// ParseColumn reads a column as the configuration has it.
func ParseColumn(text string) (Column, error) {
	m := columnText.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || strings.TrimSpace(m[1]) == "" {
		return Column{}, fmt.Errorf("%q is not a column: write NAME, NAME:.json.path or NAME:.json.path|FLAGS", text)
	}
	c := Column{Name: strings.TrimSpace(m[1]), Path: strings.TrimSpace(m[2])}
	for _, f := range m[3] {
		switch f {
		case 'W':
			c.Wide = true
		case 'H':
			c.Hidden = true
		case 'S': // shown, though the table has it in its wide form only: that is so for every column that is named
		case 'T':
			c.Time = true
		case 'N', 'R':
			c.Right = true
		case 'L':
			c.Left = true
		default:
			return Column{}, fmt.Errorf("%q has the flag %c, which is none: there are W, H, S, T, N, R and L", text, f)
		}
	}
	if strings.Contains(text, ":") && c.Path == "" {
		return Column{}, fmt.Errorf("%q has no path after the colon", text)
	}
	if c.Path != "" {
		if err := c.Field().Check(); err != nil {
			return Column{}, err
		}
	}
	return c, nil
}

// String is the column as the configuration has it.
func (c Column) String() string {
	text := c.Name
	if c.Path != "" {
		text += ":" + c.Path
	}
	flags := ""
	for _, f := range []struct {
		on   bool
		name string
	}{{c.Wide, "W"}, {c.Hidden, "H"}, {c.Time, "T"}, {c.Right, "R"}, {c.Left, "L"}} {
		if f.on {
			flags += f.name
		}
	}
	if flags != "" {
		text += "|" + flags
	}
	return text
}

// Field is what a table has to read for the column.
func (c Column) Field() livetable.Field {
	return livetable.Field{Name: c.Name, Path: c.Path, Time: c.Time}
}

// Parse reads the columns of a view. Those that are none, which the check has told of, are left out.
func (v View) Parse() []Column {
	var out []Column
	for _, text := range v.Columns {
		if c, err := ParseColumn(text); err == nil {
			out = append(out, c)
		}
	}
	return out
}

// Sort is the column that the table is sorted by, empty for none, and whether from the greatest down.
func (v View) Sort() (column string, down bool) {
	column, how, _ := strings.Cut(v.SortColumn, ":")
	return column, how == "desc"
}

// ViewFor is the view of a resource in a namespace: one for just that namespace goes before one for all. names are those
// that the resource is known by.
func (c *Config) ViewFor(names []string, namespace string) (View, bool) {
	best, found, rank := View{}, false, 0
	for _, key := range sorted(c.Views) {
		resource, space, only := strings.Cut(key, "@")
		if !contains(names, resource) {
			continue
		}
		r := 1
		if only {
			re, err := regexp.Compile("^(?:" + space + ")$")
			switch {
			case space == namespace:
				r = 3
			case err == nil && re.MatchString(namespace):
				r = 2
			default:
				continue
			}
		}
		if r > rank {
			best, found, rank = c.Views[key], true, r
		}
	}
	return best, found
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func (s *Source) checkViews() {
	for _, key := range sorted(s.Views) {
		v := s.Views[key]
		if _, space, only := strings.Cut(key, "@"); only {
			if _, err := regexp.Compile(space); err != nil {
				s.Report(fmt.Sprintf("%q: %s is neither a namespace nor a regular expression for some", key, space), "views", key)
			}
		}
		for i, text := range v.Columns {
			if _, err := ParseColumn(text); err != nil {
				s.Report(err.Error(), "views", key, "columns", strconv.Itoa(i))
			}
		}
		if _, how, ok := strings.Cut(v.SortColumn, ":"); ok && how != "asc" && how != "desc" {
			s.Report(fmt.Sprintf("%q: sort by NAME, NAME:asc or NAME:desc", v.SortColumn), "views", key, "sortColumn")
		}
	}
}
