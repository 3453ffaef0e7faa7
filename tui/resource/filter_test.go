package resource

import (
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/livetable"
)

// A filter by a column can be typed before the server has said which columns there are, also where this program adds some.
func TestAFilterIsTypedBeforeTheColumnsAreKnown(t *testing.T) {
	h, v, f := table(t, "", somePods())
	all := f.snap
	f.snap = &livetable.Snapshot{}
	v.snap, v.columns = f.snap, nil
	v.extra = []extra{{Column: livetable.Column{Name: "CPU"}, of: func(*livetable.Row) livetable.Cell { return livetable.Cell{Text: "1m"} }}}
	v.refresh()
	for _, text := range []string{"STATUS:Running", "SIZE:>3"} {
		if err := v.Filter(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	f.snap = all
	v.refresh()
	if len(h.Said) != 1 || !strings.Contains(h.Said[0].Text, "there is no column SIZE") {
		t.Errorf("said %v", h.Said)
	}

	h, v, f = table(t, "", nil)
	f.snap = &livetable.Snapshot{}
	v.snap, v.columns = f.snap, nil
	if err := v.Filter("STATUS:Running"); err != nil {
		t.Fatal(err)
	}
	f.snap = all
	v.refresh()
	if len(v.rows) == 0 || len(v.rows) == len(all.Rows) || len(h.Said) > 0 {
		t.Errorf("%d of %d rows, said %v", len(v.rows), len(all.Rows), h.Said)
	}
}
