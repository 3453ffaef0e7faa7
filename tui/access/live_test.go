package access

import (
	"testing"

	"github.com/podarium/podarium/cluster/livetable"
)

func TestRowsAreKnownByWhatTheySay(t *testing.T) {
	rows := func(names ...string) (out []*livetable.Row) {
		for _, n := range names {
			out = append(out, &livetable.Row{Name: n, Cells: texts(n, "✓")})
		}
		return out
	}
	before, after := distinct(rows("a", "b", "b")), distinct(rows("new", "a", "b", "b"))
	if before[0].UID != after[1].UID || before[1].UID != after[2].UID || before[2].UID != after[3].UID || before[1].UID == before[2].UID {
		t.Errorf("before %v %v %v, after %v %v %v %v", before[0].UID, before[1].UID, before[2].UID, after[0].UID, after[1].UID, after[2].UID, after[3].UID)
	}
}
