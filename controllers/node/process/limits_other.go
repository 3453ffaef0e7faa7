//go:build !linux

package process

// limitData does nothing: memory is not limited on this system.
func limitData(int, int64) {}
