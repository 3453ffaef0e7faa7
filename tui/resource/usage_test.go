package resource

import (
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
