package operate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/podarium/podarium/etcdview"
)

// SnapshotOptions say how a snapshot is saved. The zero value is of use.
type SnapshotOptions struct {
	// Progress, if not nil, is told the bytes so far.
	Progress func(bytes int64)
	// Stall is how long nothing may come before it is given up; 0 means 30 seconds.
	Stall time.Duration
}

// ErrStalled is returned when etcd stopped in the middle of a snapshot.
var ErrStalled = errors.New("no more of it came")

// SaveSnapshot writes a snapshot of the member that answers to a new file (0600), and checks it against the checksum
// that etcd sends. The file appears under its name only when it is whole: where anything fails nothing is left behind.
func SaveSnapshot(ctx context.Context, s *etcdview.Store, path string, o SnapshotOptions) (int64, error) {
	if _, err := os.Lstat(path); err == nil {
		return 0, fmt.Errorf("%w: %s exists: give another name, or remove it first", ErrRefused, path)
	}
	if o.Stall <= 0 {
		o.Stall = 30 * time.Second
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // 0600
	if err != nil {
		return 0, fmt.Errorf("snapshot: %w", err)
	}
	defer os.Remove(f.Name()) // nothing is there any more when it was renamed
	n, err := receive(ctx, s, f, o)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("snapshot: %w; nothing is left of the %s that had come", err, etcdview.Size(n))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, fmt.Errorf("snapshot: %w", err)
	}
	return n, nil
}

// receive writes what etcd sends to a file, as long as it sends.
func receive(ctx context.Context, s *etcdview.Store, f *os.File, o SnapshotOptions) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(o.Stall, func() {
		cancel(fmt.Errorf("%w for %s: the member hangs, or the connection to it is lost", ErrStalled, o.Stall))
	})
	defer alarm.Stop()
	r, err := s.Client().Snapshot(ctx)
	if err != nil {
		return 0, reason(ctx, err)
	}
	defer r.Close()
	n, err := copyChecked(f, r, func(n int64) {
		alarm.Reset(o.Stall)
		if o.Progress != nil {
			o.Progress(n)
		}
	})
	if err == nil {
		alarm.Stop()
		err = f.Sync()
	}
	return n, reason(ctx, err)
}

// reason is why a context ended, where that is why something failed, and otherwise in plain words what grpc means.
func reason(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if status.Code(err) == codes.Unavailable {
		return fmt.Errorf("the connection to etcd was lost: %w", err)
	}
	return err
}

// copyChecked copies a snapshot, whose last 32 bytes are the SHA-256 of those before.
func copyChecked(w io.Writer, r io.Reader, progress func(int64)) (int64, error) {
	sum := sha256.New()
	var held []byte // the last bytes seen: they may be the checksum
	var n int64
	buf := make([]byte, 256<<10)
	for {
		k, err := r.Read(buf)
		if k > 0 {
			if _, err := w.Write(buf[:k]); err != nil {
				return n, err
			}
			n += int64(k)
			held = append(held, buf[:k]...)
			if extra := len(held) - sha256.Size; extra > 0 {
				sum.Write(held[:extra])
				held = append(held[:0], held[extra:]...)
			}
			progress(n)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return n, err
		}
	}
	if len(held) < sha256.Size || string(sum.Sum(nil)) != string(held) {
		return n, errors.New("what arrived does not match its checksum: try again")
	}
	return n, nil
}
