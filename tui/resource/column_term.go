package resource

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/livetable"
)

// columnTerm is a term of a filter about one column: its text, or how it compares with a number or a time.
type columnTerm struct {
	column string // as it was typed
	not    bool
	match  func(text string) bool
	// compare is the sign of a comparison, empty where there is none, and what the cell is compared with: a length of time in
	// seconds where duration is set, else a number.
	compare  string
	number   float64
	duration time.Duration
	// unit says that the number was typed with one: 100m, 2Gi.
	unit bool
}

// comparisons are the signs that a column can be compared by. Those of two characters come first.
var comparisons = []string{">=", "<=", ">", "<", "="}

func newColumnTerm(column, want string, columns []livetable.Column) (*columnTerm, error) {
	if len(columns) > 0 && column != namespaceColumn && !slices.ContainsFunc(columns, func(c livetable.Column) bool { return called(c, column) }) {
		return nil, fmt.Errorf("there is no column %s: the columns are %s", column, strings.Join(columnNames(columns), ", "))
	}
	t := &columnTerm{column: column}
	want, t.not = strings.CutPrefix(want, "!")
	for _, sign := range comparisons {
		if value, ok := strings.CutPrefix(want, sign); ok {
			return t, t.against(sign, value, columns)
		}
	}
	var err error
	t.match, err = matcher(want)
	return t, err
}

// against makes it a comparison with a value, which may be still being typed.
func (t *columnTerm) against(sign, value string, columns []livetable.Column) error {
	if value == "" {
		t.match = func(string) bool { return true }
		return nil
	}
	t.compare = sign
	at := slices.IndexFunc(columns, func(c livetable.Column) bool { return called(c, t.column) })
	if t.column == "AGE" || at >= 0 && (columns[at].Age || columns[at].Time || passes(columns[at].Name)) {
		n, ok := livetable.Elapsed(value)
		if !ok {
			return fmt.Errorf("%s is a time: compare it with one such as 30s, 5m, 2h or 1d12h, not %s", t.column, value)
		}
		t.duration = max(1, n)
		return nil
	}
	q, err := resource.ParseQuantity(strings.TrimSuffix(value, "%"))
	if err != nil {
		return fmt.Errorf("%s is compared with a number such as 3, 50 or 100Mi, not %s", t.column, value)
	}
	t.number, t.unit = q.AsApproximateFloat64(), strings.Trim(value, "0123456789.%") != ""
	return nil
}

// called says whether a column has a name, in any case and with a hyphen or nothing for a blank.
func called(c livetable.Column, name string) bool {
	return strings.EqualFold(strings.ReplaceAll(c.Name, " ", "-"), strings.ReplaceAll(name, " ", "-"))
}

// columnNames are the columns as a filter names them.
func columnNames(columns []livetable.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = strings.ReplaceAll(upper(c.Name), " ", "-")
	}
	return names
}

func (t *columnTerm) holds(s *sight, r *livetable.Row) bool {
	if t.column == namespaceColumn && t.match != nil {
		return t.match(r.Namespace) != t.not
	}
	for i, c := range s.columns {
		if !called(c, t.column) {
			continue
		}
		if t.duration > 0 {
			since, ok := passed(c, s.cell(r, i), r, s.now)
			return ok && compared(t.compare, float64(since), float64(t.duration)) != t.not
		}
		cell := s.cell(r, i)
		if t.compare != "" {
			if t.unit { // as it is written: 120m of CPU, not 120 thousandths
				cell.Value = nil
			}
			n, ok := number(cell)
			return ok && compared(t.compare, n, t.number) != t.not
		}
		if c.Age || c.Time {
			if since, ok := passed(c, cell, r, s.now); ok {
				return t.match(duration.HumanDuration(since)) != t.not
			}
		}
		return t.match(cell.Text) != t.not
	}
	return false
}

// passed is how much time a cell tells of: that since its object was made, since the time in it, or the length in it.
func passed(c livetable.Column, cell livetable.Cell, r *livetable.Row, now time.Time) (time.Duration, bool) {
	switch {
	case c.Age:
		return now.Sub(r.Created), true
	case c.Time:
		at, err := time.Parse(time.RFC3339, cell.Text)
		return now.Sub(at), err == nil
	}
	if ticks(c.Name) {
		return r.Since(cell, now)
	}
	return livetable.Elapsed(cell.Text)
}

func compared(sign string, a, b float64) bool {
	switch sign {
	case ">":
		return a > b
	case "<":
		return a < b
	case ">=":
		return a >= b
	case "<=":
		return a <= b
	default:
		return a == b
	}
}
