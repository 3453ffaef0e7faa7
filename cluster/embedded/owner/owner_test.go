package owner

import (
	"context"
	"sync"
	"testing"
)

func TestGoroutinesBelongToWhoStartedThem(t *testing.T) {
	var r Registry
	var wg sync.WaitGroup
	got := make([]string, 3)
	started := make(chan struct{})
	for i, name := range []string{"a", "b"} {
		wg.Add(1)
		go r.Do(t.Context(), name, func(context.Context) {
			go func() {
				defer wg.Done()
				<-started // long after Do has returned
				got[i] = r.Current()
			}()
		})
	}
	close(started)
	got[2] = r.Current()
	wg.Wait()
	if got[0] != "a" || got[1] != "b" || got[2] != "" {
		t.Errorf("the goroutines are those of %q, want a, b and nobody's", got)
	}
}

func BenchmarkCurrent(b *testing.B) {
	var r Registry
	r.Do(b.Context(), "a", func(context.Context) {
		for b.Loop() {
			if r.Current() != "a" {
				b.Fatal("it is somebody else's")
			}
		}
	})
}
