package workloads

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

// table makes a source of columns and rows; a row's first cell is its name.
func table(columns []string, rows ...[]string) *livetable.Made {
	var cols []livetable.Column
	for _, c := range columns {
		cols = append(cols, livetable.Column{Name: c})
	}
	var all []*livetable.Row
	for _, r := range rows {
		row := &livetable.Row{UID: types.UID(columns[1] + r[0]), Namespace: "default", Name: r[0], Created: screentest.Now.Add(-time.Hour)}
		for _, text := range r {
			row.Cells = append(row.Cells, livetable.Cell{Text: text})
		}
		all = append(all, row)
	}
	m := livetable.NewMade(cols)
	m.Set(all, true, nil)
	return m
}

func TestGoldenWorkloads(t *testing.T) {
	h, s := screentest.New(t, nil)
	parts := kinds()
	for i := range parts {
		switch parts[i].kind {
		case "Deployment":
			parts[i].source = table([]string{"Name", "Ready", "Up-To-Date", "Available"}, []string{"web", "1/2", "2", "1"})
		case "DaemonSet":
			parts[i].source = table([]string{"Name", "Desired", "Ready", "Up-To-Date"}, []string{"proxy", "3", "3", "3"}, []string{"log", "3", "2", "3"})
		case "ReplicaSet":
			parts[i].source = table([]string{"Name", "Desired", "Current", "Ready"}, []string{"web-1", "0", "0", "0"}, []string{"web-2", "2", "2", "1"})
		case "Service":
			parts[i].source = table([]string{"Name", "Type"}, []string{"web", "ClusterIP"})
		case "CronJob":
			parts[i].source = table([]string{"Name", "Schedule"}, []string{"backup", "0 3 * * *"})
		case "Job":
			parts[i].source = table([]string{"Name", "Status", "Completions"}, []string{"backup-1", "Complete", "1/1"})
		case "Pod":
			parts[i].source = table([]string{"Name", "Ready", "Status"}, []string{"web-2-a", "1/1", "Running"}, []string{"web-2-b", "0/1", "CrashLoopBackOff"})
		default:
			parts[i].source = table([]string{"Name", "Ready"})
		}
	}
	v, err := newTable(s, Workloads{Namespace: "default"}, parts)
	if err != nil {
		t.Fatal(err)
	}
	screentest.AllSizes(t, h, "workloads", v)
	want := map[string]string{"backup": "Describe", "web": "Rollout"}
	for range 12 {
		o, ok := v.(screen.Subject).Object()
		if !ok {
			t.Fatal("no object under the cursor")
		}
		if _, scales := v.Keys().Find("s"); o.Kind == "Service" && scales {
			t.Error("a Service can be scaled")
		}
		delete(want, o.Name)
		v.Do("down")
	}
	if len(want) > 0 {
		t.Errorf("not reached: %v", want)
	}
}
