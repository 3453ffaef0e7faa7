// Package recorder keeps the history of keys beyond compaction: it watches an etcd and writes every change to files,
// bounded by size and age, from which the past of a key can be read long after etcd has forgotten it.
//
// Guarantees: changes are recorded in the order of revisions; what was missed, since nothing recorded while etcd
// compacted, is recorded as a gap, never passed over in silence; a crash loses at most what had not reached the file,
// and a torn end is cut off at the next start. One process records into a directory (ErrBusy for a second); others may
// read it meanwhile. What was recorded of another etcd, or of one that was set back, is never mixed in: Run puts it aside.
// The files (0600, in a directory 0700) hold values as etcd does: those of Secrets too.
package recorder

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"

	"github.com/podarium/podarium/etcdview"
)

// Options bound a recording. Zero values mean 256 MB and seven days.
type Options struct {
	Bytes int64
	Age   time.Duration
	// Prefix of the keys to record; empty for all.
	Prefix string
	// Recorded, if not nil, is called by Run with what the watch brought, after it was recorded.
	Recorded func(etcdview.Batch)
}

// ErrBusy is returned by Run where another process records into the directory.
var ErrBusy = errors.New("another process records this etcd")

// segmentSize is how large a file grows before the next one is begun. Whole files are dropped at the old end.
const segmentSize = 8 << 20

// Recording is a directory of recorded changes. It is safe for use by several goroutines.
type Recording struct {
	dir string
	o   Options

	mu       sync.Mutex
	segments []*segment
	index    map[string][]place // by key, oldest first
	gaps     []etcdview.Gap
	last     int64 // newest revision recorded
	named    int64 // the last file that was put aside
}

// segment is one file.
type segment struct {
	path  string
	name  int64 // files are named by their number, so that they sort
	read  int64 // bytes that the index knows
	since time.Time
	until time.Time
}

// place is where a change lies.
type place struct {
	segment *segment
	offset  int64
	size    int
	rev     int64
}

// Open opens a directory of recorded changes for reading; Run adds to it. A directory that does not exist is empty.
func Open(dir string, o Options) (*Recording, error) {
	if o.Bytes <= 0 {
		o.Bytes = 256 << 20
	}
	if o.Age <= 0 {
		o.Age = 7 * 24 * time.Hour
	}
	r := &Recording{dir: dir, o: o, index: map[string][]place{}}
	return r, r.Refresh()
}

// Refresh takes in what another process has recorded since.
func (r *Recording) Refresh() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refresh()
}

func (r *Recording) refresh() error {
	files, err := os.ReadDir(r.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("recorded history: %w", err)
	}
	there := map[int64]bool{}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".rec")
		var n int64
		if !ok {
			continue
		}
		if _, err := fmt.Sscanf(name, "%d", &n); err != nil {
			continue
		}
		there[n] = true
		i, known := slices.BinarySearchFunc(r.segments, n, func(s *segment, n int64) int { return cmp.Compare(s.name, n) })
		if !known {
			r.segments = slices.Insert(r.segments, i, &segment{path: filepath.Join(r.dir, f.Name()), name: n})
		}
		if err := r.scan(r.segments[i]); err != nil {
			return err
		}
	}
	for _, s := range slices.Clone(r.segments) {
		if !there[s.name] {
			r.forget(s)
		}
	}
	return nil
}

// scan indexes what is new in a file.
func (r *Recording) scan(s *segment) error {
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // dropped a moment ago
	}
	if err != nil {
		return fmt.Errorf("recorded history: %w", err)
	}
	defer f.Close()
	if _, err := f.Seek(s.read, io.SeekStart); err != nil {
		return fmt.Errorf("recorded history: %w", err)
	}
	in := bufio.NewReaderSize(f, 1<<20)
	for {
		c, n, err := readChange(in)
		if err != nil { // the end, or one that is not whole yet
			return nil
		}
		r.note(s, c, s.read, n)
		s.read += int64(n)
	}
}

func (r *Recording) note(s *segment, c *change, offset int64, size int) {
	if c.time.Unix() > 0 { // what a key was when the recording began has no time
		s.until = c.time
		if s.since.IsZero() {
			s.since = c.time
		}
	}
	r.last = max(r.last, c.rev())
	if c.gap != nil {
		if c.gap.From < c.gap.To { // else it says only how far the recording goes
			r.gaps = append(r.gaps, *c.gap)
		}
		return
	}
	r.index[c.kv.Key] = append(r.index[c.kv.Key], place{s, offset, size, c.kv.ModRevision})
}

// forget drops a file from the index.
func (r *Recording) forget(s *segment) {
	r.segments = slices.DeleteFunc(r.segments, func(o *segment) bool { return o == s })
	for k, places := range r.index {
		places = slices.DeleteFunc(places, func(p place) bool { return p.segment == s })
		if len(places) == 0 {
			delete(r.index, k)
		} else {
			r.index[k] = places
		}
	}
}

// History is what is recorded of a key, newest first, at most limit revisions older than before (0: all).
func (r *Recording) History(key string, before int64, limit int) ([]etcdview.Revision, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []etcdview.Revision
	for _, p := range slices.Backward(r.index[key]) {
		if before > 0 && p.rev >= before {
			continue
		}
		if len(out) == limit {
			break
		}
		c, err := p.load()
		if errors.Is(err, os.ErrNotExist) {
			break // dropped by the process that records
		}
		if err != nil {
			return out, err
		}
		out = append(out, etcdview.Revision{KV: c.kv, Deleted: c.deleted, Time: c.time, Recorded: true})
	}
	return out, nil
}

// Extend adds to the history of a key, as it was read with the same options, what is recorded of it beyond what etcd still
// has, and the times of what it has.
func (r *Recording) Extend(h *etcdview.History, o etcdview.HistoryOptions) error {
	if err := r.Refresh(); err != nil {
		return err
	}
	before, limit := int64(0), cmp.Or(max(0, o.Limit), 100)
	if o.Revision > 0 {
		before = o.Revision + 1
	}
	recorded, err := r.History(h.Key, before, limit)
	if err != nil {
		return err
	}
	times := map[int64]time.Time{}
	for _, x := range recorded {
		times[x.ModRevision] = x.Time
	}
	oldest := int64(0)
	for i := range h.Revisions {
		x := &h.Revisions[i]
		x.Time, oldest = times[x.ModRevision], x.ModRevision
	}
	for _, x := range recorded {
		if len(h.Revisions) < limit && (oldest == 0 || x.ModRevision < oldest) {
			h.Revisions = append(h.Revisions, x)
		}
	}
	r.mu.Lock()
	h.Gaps = slices.Clone(r.gaps)
	r.mu.Unlock()
	return nil
}

// Stats are the number of recorded changes and their bytes.
func (r *Recording) Stats() (changes int, bytes int64) {
	s := r.Summary()
	return s.Changes, s.Bytes
}

func (r *Recording) bytes() int64 {
	var n int64
	for _, s := range r.segments {
		n += s.read
	}
	return n
}

func (p place) load() (*change, error) {
	f, err := os.Open(p.segment.path)
	if err != nil {
		return nil, fmt.Errorf("recorded history: %w", err)
	}
	defer f.Close()
	c, _, err := readChange(bufio.NewReader(io.NewSectionReader(f, p.offset, int64(p.size))))
	if err != nil {
		return nil, fmt.Errorf("recorded history %s at %d: %w", p.segment.path, p.offset, err)
	}
	return c, nil
}

// replayWindow is how far back the first recording of an etcd goes: the server reads all of that.
const replayWindow = 200_000

// Run records until the context ends. It goes on where the recording ends, as far back as etcd remembers.
func (r *Recording) Run(ctx context.Context, s *etcdview.Store) error {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return fmt.Errorf("record history: %w", err)
	}
	lock, err := fileutil.TryLockFile(filepath.Join(r.dir, "lock"), os.O_WRONLY|os.O_CREATE, 0o600)
	if errors.Is(err, fileutil.ErrLocked) {
		return fmt.Errorf("%s: %w", r.dir, ErrBusy)
	}
	if err != nil {
		return fmt.Errorf("record history: %w", err)
	}
	defer lock.Close()
	if err := r.Refresh(); err != nil {
		return err
	}
	same, err := r.Matches(ctx, s)
	if err != nil {
		return err
	}
	if !same {
		if err := r.putAside(); err != nil {
			return err
		}
	}
	now, err := s.Revision(ctx)
	if err != nil {
		return err
	}
	w, err := r.newWriter()
	if err != nil {
		return err
	}
	from := max(1, now-replayWindow)
	if r.last > 0 {
		from = r.last + 1
	}
	err = s.Watch(ctx, etcdview.WatchOptions{Key: r.o.Prefix, Prefix: true, Revision: from}, func(b etcdview.Batch) error {
		if err := w.take(b); err != nil {
			return err
		}
		if r.o.Recorded != nil {
			r.o.Recorded(b)
		}
		return nil
	})
	return errors.Join(err, w.reach(), w.close())
}

var table = crc32.MakeTable(crc32.Castagnoli)

// errTorn is what is not whole: the end of a file that is being written, or was when the power went.
var errTorn = errors.New("torn")

// readChange reads one record: its length, a checksum, and the change.
func readChange(in *bufio.Reader) (*change, int, error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, 0, errTorn
	}
	n := binary.BigEndian.Uint32(head[:4])
	if n > maxRecord {
		return nil, 0, errTorn
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(in, body); err != nil || crc32.Checksum(body, table) != binary.BigEndian.Uint32(head[4:]) {
		return nil, 0, errTorn
	}
	c, ok := decodeChange(body)
	if !ok {
		return nil, 0, errTorn
	}
	return c, len(head) + int(n), nil
}

// maxRecord bounds what a damaged length can make us read. etcd's own limit for a value is 1.5 MB by default.
const maxRecord = 64 << 20
