package embedded

import "runtime/debug"

// The collector's pace (GOGC). A start allocates a few hundred megabytes, most of which it keeps or drops at once: a
// quarter of its processor time went into collections that found little. A running cluster allocates slowly, so that a
// tight heap costs it nearly nothing.
const (
	gcPercentStarting = 400
	gcPercentRunning  = 50
)

// relaxCollector lets the heap grow while the cluster starts. settle, once it is ready, returns to the operating system
// what the start left behind.
func relaxCollector() (settle func()) {
	before := debug.SetGCPercent(gcPercentStarting)
	return func() {
		running := gcPercentRunning
		if before < running { // GOGC in the environment asks for less, or for none
			running = before
		}
		debug.SetGCPercent(running)
		debug.FreeOSMemory()
	}
}
