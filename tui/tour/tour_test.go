package tour

import "testing"

func TestEachStepIsRecognised(t *testing.T) {
	hello := func(ready, images string) []Deployment {
		return []Deployment{{UID: "dns", Name: "dns", Ready: "1/1", Images: "dns:1"}, {UID: "1", Name: "hello", Ready: ready, Images: images}}
	}
	tr := New()
	for i, s := range []struct {
		facts Facts
		want  int // the step to be done after it
	}{
		{Facts{}, 1},                         // nothing is known
		{Facts{Known: true, Place: Help}, 1}, // a later step's place is not this step's
		{Facts{Known: true}, 1},              //
		{Facts{Known: true, Deployments: hello("0/2", "nginx:1.26")}, 2},
		{Facts{Known: true, Deployments: hello("1/2", "nginx:1.26")}, 2}, // more are ready: none was asked for
		{Facts{Known: true, Deployments: hello("2/4", "nginx:1.26")}, 3},
		{Facts{Known: true, Deployments: hello("4/4", "nginx:1.26")}, 3},
		{Facts{Known: true, Deployments: hello("3/4", "nginx:1.27")}, 4},
		{Facts{Known: true, Deployments: hello("3/4", "nginx:1.27"), Place: Rollout}, 5},
		{Facts{Known: true, Deployments: hello("3/4", "nginx:1.27"), Place: Rollout}, 5},
		{Facts{Known: true, Deployments: hello("3/4", "nginx:1.28"), Place: Rollout}, 5}, // forward is not back
		{Facts{Known: true, Deployments: hello("3/4", "nginx:1.26"), Place: Rollout}, 6},
		{Facts{Known: true, Place: Logs}, 7},
		{Facts{Known: true, Place: Shell}, 8},
		{Facts{Known: true, Place: EtcdKey}, 9},
		{Facts{Known: true, Place: Changes}, 10},
		{Facts{Known: true, Place: Help}, 10},
	} {
		advanced := tr.See(s.facts)
		_, n, more := tr.Step()
		if n != s.want || more == (i == 16) {
			t.Fatalf("facts %d: advanced %v, at step %d (more %v), want %d", i, advanced, n, more, s.want)
		}
	}
	tr = New()
	for range tr.Len() {
		tr.Skip()
	}
	if _, _, more := tr.Step(); more || tr.See(Facts{Known: true}) {
		t.Error("a tour that was skipped is not over")
	}
}
