package embedded

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
)

// tapeSize is how much of its log is kept for a component, in bytes: the start of a component logs a tenth of it.
const tapeSize = 512 << 10

// tape keeps the end of a component's log for any number of readers. To write to it never waits for them.
type tape struct {
	mu    sync.Mutex
	kept  []byte        // whole lines, but for a last one that is still being written
	start int64         // how many bytes came before kept
	more  chan struct{} // closed by the next write; nil while nobody waits
}

// Write implements io.Writer and never fails.
func (t *tape) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if excess := len(t.kept) - tapeSize; excess > 0 {
		excess += tapeSize / 8 // so that it is not moved with every line
		if i := bytes.IndexByte(t.kept[excess:], '\n'); i >= 0 {
			excess += i + 1
		}
		t.kept, t.start = slices.Clone(t.kept[excess:]), t.start+int64(excess)
	}
	if t.more != nil {
		close(t.more)
		t.more = nil
	}
	return len(b), nil
}

// Sync implements zapcore.WriteSyncer.
func (t *tape) Sync() error { return nil }

// copyTo writes what is kept and what comes, until ctx ends or w fails. A reader that is too slow misses lines and is told so.
func (t *tape) copyTo(ctx context.Context, w io.Writer) error {
	at := int64(0)
	for {
		t.mu.Lock()
		if at < t.start {
			skipped := t.start - at
			at = t.start
			t.mu.Unlock()
			if _, err := fmt.Fprintf(w, "podarium: %d bytes of the log before this are in podarium.log only\n", skipped); err != nil {
				return err
			}
			continue
		}
		next := slices.Clone(t.kept[at-t.start:])
		if t.more == nil {
			t.more = make(chan struct{})
		}
		more := t.more
		t.mu.Unlock()
		if len(next) > 0 {
			at += int64(len(next))
			if _, err := w.Write(next); err != nil {
				return err
			}
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
