package embedded

import (
	"runtime/debug"
	"time"
)

// The collector's pace (GOGC). A start allocates a few hundred megabytes, most of which it drops soon: at Go's default
// a quarter of its processor time went into collections that found little, and a heap that grows much further than this
// stays fragmented. A running cluster allocates slowly, so that a tight heap costs it nearly nothing.
const (
	gcPercentStarting = 200
	gcPercentRunning  = 50
)

// settleAfter is how long after a start the last of its work (discovery, OpenAPI, the controllers' first lists) is over.
const settleAfter = 15 * time.Second

// relaxCollector lets the heap grow while the cluster starts. settle, called once it is ready, returns to the operating
// system what the start left behind; it returns when that is done or stop is closed.
func relaxCollector() (settle func(stop <-chan struct{})) {
	before := debug.SetGCPercent(gcPercentStarting)
	return func(stop <-chan struct{}) {
		running := gcPercentRunning
		if before < running { // GOGC in the environment asks for less, or for none
			running = before
		}
		debug.SetGCPercent(running)
		select {
		case <-time.After(settleAfter):
			debug.FreeOSMemory()
			releaseCode()
		case <-stop:
		}
	}
}
