package recorder

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"time"

	"github.com/podarium/podarium/etcdview"
)

// writer appends to the newest file.
type writer struct {
	r    *Recording
	seg  *segment
	file *os.File
	out  *bufio.Writer
	// reached is the revision that the watch has come to, with changes or without.
	reached int64
}

// newWriter begins a file of its own, so that a torn end of the last one does no harm.
func (r *Recording) newWriter() (*writer, error) {
	w := &writer{r: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(); err != nil {
		return nil, err
	}
	return w, w.next()
}

func (w *writer) next() error {
	if err := w.close(); err != nil {
		return err
	}
	name := w.r.named + 1
	if n := len(w.r.segments); n > 0 {
		name = w.r.segments[n-1].name + 1
	}
	w.seg = &segment{path: filepath.Join(w.r.dir, fmt.Sprintf("%012d.rec", name)), name: name, until: time.Now()}
	var err error
	if w.file, err = os.OpenFile(w.seg.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return fmt.Errorf("record history: %w", err)
	}
	w.out = bufio.NewWriterSize(w.file, 256<<10)
	w.r.segments = append(w.r.segments, w.seg)
	return nil
}

func (w *writer) close() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.out.Flush(), w.file.Close())
	w.file = nil
	return err
}

// take records what a watch brought.
func (w *writer) take(b etcdview.Batch) error {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	if b.Interrupted == nil {
		w.reached = max(w.reached, b.Revision)
	}
	if b.Gap != nil && w.r.last > 0 { // before the first record nothing is missing: there was no recording
		if err := w.add(&change{time: time.Now(), gap: b.Gap}); err != nil {
			return err
		}
	}
	for _, e := range b.Events {
		if e.Prev != nil && len(w.r.index[e.KV.Key]) == 0 { // what it was when the recording began
			if err := w.add(&change{kv: *e.Prev}); err != nil {
				return err
			}
		}
		if err := w.add(&change{time: e.Received, kv: e.KV, deleted: e.Type == etcdview.Delete}); err != nil {
			return err
		}
	}
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("record history: %w", err)
	}
	return w.trim()
}

// reach notes how far the recording goes where the last revisions were those of other keys, so that they are not taken for
// missing.
func (w *writer) reach() error {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	if w.reached <= w.r.last {
		return nil
	}
	return w.add(&change{time: time.Now(), gap: &etcdview.Gap{From: w.reached + 1, To: w.reached + 1}})
}

func (w *writer) add(c *change) error {
	if w.seg.read >= segmentSize {
		if err := w.next(); err != nil {
			return err
		}
	}
	body := c.encode()
	var head [8]byte
	binary.BigEndian.PutUint32(head[:4], uint32(len(body)))
	binary.BigEndian.PutUint32(head[4:], crc32.Checksum(body, table))
	for _, b := range [][]byte{head[:], body} {
		if _, err := w.out.Write(b); err != nil {
			return fmt.Errorf("record history: %w", err)
		}
	}
	w.r.note(w.seg, c, w.seg.read, len(head)+len(body))
	w.seg.read += int64(len(head) + len(body))
	return nil
}

// trim drops the oldest files until the bounds are kept. The one that is written to stays.
func (w *writer) trim() error {
	for len(w.r.segments) > 1 {
		oldest := w.r.segments[0]
		if oldest == w.seg || w.r.bytes() <= w.r.o.Bytes && time.Since(oldest.until) <= w.r.o.Age {
			return nil
		}
		if err := os.Remove(oldest.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("record history: %w", err)
		}
		w.r.forget(oldest)
	}
	return nil
}
