package etcdview

import (
	"strings"
	"testing"
)

func TestVerdict(t *testing.T) {
	for _, tc := range []struct {
		members []MemberHash
		want    string
	}{
		{[]MemberHash{{Hash: 1}}, "nothing to compare"},
		{[]MemberHash{{Hash: 1}, {Hash: 1}, {Hash: 1}}, "all 3 members hold the same data"},
		{[]MemberHash{{Hash: 1}, {Hash: 1}, {Hash: 2}}, "different data"},
		{[]MemberHash{{Hash: 1}, {Hash: 1}, {Err: "down"}}, "not all members could be compared"},
		{[]MemberHash{{Hash: 1}, {Hash: 2}, {Err: "down"}}, "different data"},
		{[]MemberHash{{Hash: 1, CompactRevision: 5}, {Hash: 2, CompactRevision: 7}}, "not all members could be compared"}, // they begin at other revisions
	} {
		c := &Consistency{Revision: 9, Members: tc.members}
		c.judge()
		if got := c.Verdict(); !strings.Contains(got, tc.want) || !strings.HasSuffix(got, "revision 9") {
			t.Errorf("%+v: %s", tc.members, got)
		}
	}
}
