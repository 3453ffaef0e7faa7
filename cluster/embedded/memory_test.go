package embedded

import (
	"net"
	"os/exec"
	"runtime"
	"sync"
	"testing"
)

// A page that does not come back as it was ends the process: at the next thread, at the next call into libc.
func TestTheProgramRunsOnAfterItsCodeWasReleased(t *testing.T) {
	for range 3 {
		releaseCode()
		var threads sync.WaitGroup
		for range 50 {
			threads.Go(func() {
				runtime.LockOSThread() // each goroutine gets a thread of its own, which ends with it
				if _, err := net.LookupHost("localhost"); err != nil {
					t.Error(err)
				}
			})
		}
		threads.Wait()
		if out, err := exec.CommandContext(t.Context(), "go", "version").Output(); err != nil || len(out) == 0 {
			t.Errorf("a child process: %q, %v", out, err)
		}
		runtime.GC()
	}
}
