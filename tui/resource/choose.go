package resource

import (
	"errors"
	"strings"

	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/dialog"
)

// askColumns shows all columns that there are, those first that are shown, to be ticked and moved.
func (v *view) askColumns() {
	v.scope.Ask(dialog.NewTicks(v.scope, dialog.Ticks{
		Title: "Columns of " + v.tableNames()[1], Items: v.offeredColumns(),
		Accept: func(items []dialog.Tick) error {
			var columns []string
			for _, t := range items {
				if t.On {
					columns = append(columns, t.Value)
				}
			}
			if len(columns) == 0 {
				return errors.New("tick at least one")
			}
			v.choices.choose(v.scope, v.tableName(), columns)
			return nil
		},
		Add: v.addColumn(), AddLabel: "a name, a colon and a JSONPath, as in APP:.metadata.labels.app",
		Reset: func() { v.choices.choose(v.scope, v.tableName(), nil) },
	}))
}

// offeredColumns are the columns on the screen in their order, and then the others.
func (v *view) offeredColumns() []dialog.Tick {
	wanted, _, _ := v.wantedColumns()
	var out []dialog.Tick
	seen := map[string]bool{}
	offer := func(title string, on bool) {
		if seen[title] {
			return
		}
		seen[title] = true
		t := dialog.Tick{Value: title, Text: title, On: on}
		for _, w := range wanted {
			if strings.EqualFold(w.Name, title) {
				if w.Wide = false; w.Path != "" {
					t.Note = w.Path
				}
				t.Value = w.String()
			}
		}
		if t.Note == "" && v.spec == nil {
			if i := v.columnIndex(title); i >= 0 {
				t.Note, _, _ = strings.Cut(v.headings()[i].Description, ". ")
			}
		}
		out = append(out, t)
	}
	for _, c := range v.columns {
		offer(c.title, true)
	}
	for _, w := range wanted {
		if w.Path != "" {
			offer(upper(w.Name), false)
		}
	}
	if v.kind.Namespaced {
		offer(namespaceColumn, false)
	}
	for _, c := range v.headings() {
		offer(upper(c.Name), false)
	}
	return out
}

// addColumn makes a column of the user's own; nil where the rows are no objects of one kind.
func (v *view) addColumn() func(string) (dialog.Tick, error) {
	if v.spec != nil {
		return nil
	}
	return func(text string) (dialog.Tick, error) {
		c, err := config.ParseColumn(text)
		if err == nil && c.Path == "" {
			err = errors.New("give a JSONPath after the name: APP:.metadata.labels.app")
		}
		if err != nil {
			return dialog.Tick{}, err
		}
		c.Name = upper(c.Name)
		return dialog.Tick{Value: c.String(), Text: c.Name, Note: c.Path}, nil
	}
}
