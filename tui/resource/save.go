package resource

import (
	"strings"
	"time"

	"github.com/podarium/podarium/tui/save"
)

// save writes the rows to a file, in the order and with the columns of the screen. The age is written as the time of
// creation, which stays true.
func (v *view) save() {
	lines := make([][]string, 0, len(v.rows)+1)
	var titles []string
	for _, c := range v.columns {
		title := c.title
		if c.age {
			title = "CREATED"
		}
		titles = append(titles, title)
	}
	lines = append(lines, titles)
	for _, r := range v.rows {
		cells := make([]string, len(v.columns))
		for i := range v.columns {
			c := &v.columns[i]
			if cells[i] = v.text(c, r); c.age {
				cells[i] = r.Created.UTC().Format(time.RFC3339)
			}
		}
		lines = append(lines, cells)
	}
	space := v.request.Namespace
	if space == "" && v.kind.Namespaced {
		space = "all"
	}
	save.Table(v.scope, strings.Trim(space+"-"+v.kind.Resource.Resource, "-"), lines)
}
