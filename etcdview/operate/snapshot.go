package operate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/podarium/podarium/etcdview"
)

// SaveSnapshot writes a snapshot of the member that answers to a new file (0600), and checks it against the checksum
// that etcd sends. The file appears under its name only when it is whole. Progress, if not nil, is told the bytes so far.
func SaveSnapshot(ctx context.Context, s *etcdview.Store, path string, progress func(bytes int64)) (int64, error) {
	if _, err := os.Stat(path); err == nil {
		return 0, fmt.Errorf("%w: %s exists", ErrRefused, path)
	}
	r, err := s.Client().Snapshot(ctx)
	if err != nil {
		return 0, fmt.Errorf("etcd: snapshot: %w", err)
	}
	defer r.Close()
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("snapshot: %w", err)
	}
	defer os.Remove(part) // nothing is there any more when it was renamed
	n, err := copyChecked(f, r, progress)
	if err != nil {
		return 0, errors.Join(fmt.Errorf("snapshot: %w", err), f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("snapshot: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return 0, fmt.Errorf("snapshot: %w", err)
	}
	return n, nil
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
			if progress != nil {
				progress(n)
			}
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
