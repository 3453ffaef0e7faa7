package process

import (
	"strconv"
	"testing"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
)

func TestCPULimit(t *testing.T) {
	_, p, _, err := start(t, containers.Spec{Image: "any", Command: []string{"sh", "-c", "while :; do :; done"}, CPULimit: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	pid := p.cmd.Process.Pid
	stopped, begun := false, time.Now()
	const used = 500 * time.Millisecond
	for processors([]int{pid}) < used {
		if f := stat(strconv.Itoa(pid)); f != nil && f[0] == "T" {
			stopped = true
		}
		if time.Sleep(5 * time.Millisecond); time.Since(begun) > 60*time.Second {
			t.Fatalf("in a minute it has used %s of a processor", processors([]int{pid}))
		}
	}
	// A fifth of a processor would take 2.5 s for this; half of that leaves room for the first look.
	if took := time.Since(begun); took < 1250*time.Millisecond || !stopped {
		t.Errorf("it has used %s of a processor in %s (seen stopped: %v)", used, took, stopped)
	}
	p.Terminate() // also where it is stopped
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if code := p.Exit().Code; code != 143 {
		t.Errorf("exit code %d", code)
	}
}
