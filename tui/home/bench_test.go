package home

import (
	"fmt"
	"testing"
	"time"

	"github.com/podarium/podarium/tui/screentest"
	"github.com/podarium/podarium/tui/vitals"
)

// BenchmarkFiftyThousandPods gathers what home shows of a large cluster.
func BenchmarkFiftyThousandPods(b *testing.B) {
	pods, events := [][]any{}, [][]any{}
	for i := range 50_000 {
		name := fmt.Sprintf("web-68b8496877-%05d", i)
		pods = append(pods, []any{"default", name, time.Hour, name, "1/1", "Running", "0", "1h", "10.0.0.1", fmt.Sprintf("node-%d", i%1000)})
		if i%100 == 0 {
			events = append(events, []any{"default", fmt.Sprint("e", i), time.Minute, "Failed", "pod/" + name, "it failed"})
		}
	}
	from := some()
	from.pods = table([]string{"Name", "Ready", "Status", "Restarts", "Age", "IP", "Node"}, pods...)
	from.events = table([]string{"Reason", "Object", "Message"}, events...)
	_, s := screentest.New(b, nil)
	v := newView(s, vitals.Of(s), from)
	b.ResetTimer()
	for range b.N {
		v.Tick()
	}
}
