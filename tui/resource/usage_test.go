package resource

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/usage"
	"github.com/podarium/podarium/tui/screentest"
)

func TestGoldenUsage(t *testing.T) {
	h, v, _ := table(t, "", somePods())
	s := &usage.Snapshot{Served: true, Of: map[types.NamespacedName]usage.Use{
		{Namespace: "default", Name: "api-86986ffc85-dxrdr"}: {
			Used: usage.Amount{CPU: 12, Memory: 20 << 20}, Request: usage.Amount{CPU: 100, Memory: 32 << 20}, Limit: usage.Amount{CPU: 200},
		},
		{Namespace: "default", Name: "web-69c6f74b8b-4f6pc"}: {Used: usage.Amount{CPU: 950, Memory: 1 << 30}},
	}}
	v.showUsage(s, false)
	screentest.AllSizes(t, h, "usage", v)
	v.Do(actColumnRight)
	v.sort("CPU")
	v.sort("CPU")
	if r := v.rows[0]; r.Name != "web-69c6f74b8b-4f6pc" {
		t.Errorf("sorted by CPU the first is %s, want the one that uses most", r.Name)
	}
	if err := v.Filter("MEM:Gi"); err != nil || len(v.rows) != 0 {
		t.Errorf("MEM:Gi leaves %d rows, %v", len(v.rows), err)
	}
	if err := v.Filter("CPU:950m"); err != nil || len(v.rows) != 1 {
		t.Errorf("CPU:950m leaves %d rows, %v; want one", len(v.rows), err)
	}
	v.showUsage(&usage.Snapshot{}, false)
	if v.columnIndex("CPU") >= 0 {
		t.Error("the columns stay where the API is gone")
	}
}

func TestUsageNearItsLimitIsMarked(t *testing.T) {
	h, v, _ := table(t, "", somePods())
	of := func(memory int64) usage.Use {
		return usage.Use{Used: usage.Amount{Memory: memory}, Limit: usage.Amount{Memory: 100}}
	}
	v.showUsage(&usage.Snapshot{Served: true, Of: map[types.NamespacedName]usage.Use{
		{Namespace: "default", Name: "api-86986ffc85-dxrdr"}: of(50), {Namespace: "default", Name: "web-69c6f74b8b-4f6pc"}: of(75), {Namespace: "default", Name: "web-69c6f74b8b-6gplg"}: of(95),
	}}, false)
	got := screentest.Draw(h, v, 200, 24).String()
	for _, want := range []string{" 50%", "▲75%", "✗95%"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if err := v.Filter("%MEM/L:>=75"); err != nil || len(v.rows) != 2 {
		t.Errorf("%d rows are at 75%% or more, %v", len(v.rows), err)
	}
}
