package operate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

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

// Compact forgets all revisions before one. Watches and paged lists at older revisions end: API servers do this every
// five minutes by themselves. Physical waits until the space is free within the file.
func Compact(ctx context.Context, s *etcdview.Store, rev int64, physical bool) error {
	now, err := s.Revision(ctx)
	if err != nil {
		return err
	}
	if rev <= 0 || rev > now {
		return fmt.Errorf("%w: revision %d is not between 1 and %d, the newest", ErrRefused, rev, now)
	}
	var opts []clientv3.CompactOption
	if physical {
		opts = append(opts, clientv3.WithCompactPhysical())
	}
	if _, err := s.Client().Compact(ctx, rev, opts...); err != nil {
		if errors.Is(err, rpctypes.ErrCompacted) {
			return fmt.Errorf("%w: revision %d is compacted already", ErrRefused, rev)
		}
		return fmt.Errorf("etcd: compact: %w", err)
	}
	return nil
}

// Defragment gives back what the files of the members do not use, one member after another, the leader last. A member
// answers nothing meanwhile. It is refused where a member is ill or CORRUPT is raised, and stops where one does not come
// back. Done is told of each member before and after.
func Defragment(ctx context.Context, s *etcdview.Store, done func(before, after etcdview.Member, took time.Duration)) error {
	o, err := s.Overview(ctx)
	if err != nil {
		return err
	}
	if err := healthy(o); err != nil {
		return err
	}
	for _, leader := range []bool{false, true} {
		for _, m := range o.Members {
			if m.Leader != leader {
				continue
			}
			start := time.Now()
			if _, err := s.Client().Defragment(ctx, m.Endpoint); err != nil { // once: a second call would only wait for the first
				return fmt.Errorf("etcd: defragment %s: %w", m.Name, err)
			}
			took := time.Since(start)
			now, err := s.Overview(ctx)
			if err != nil {
				return err
			}
			if err := healthy(now); err != nil {
				return fmt.Errorf("after %s: %w", m.Name, err)
			}
			for _, after := range now.Members {
				if after.ID == m.ID && done != nil {
					done(m, after, took)
				}
			}
		}
	}
	return nil
}

func healthy(o *etcdview.Overview) error {
	for _, a := range o.Alarms {
		if a.Type == "CORRUPT" {
			return fmt.Errorf("%w: member %s has raised CORRUPT", ErrRefused, a.Member)
		}
	}
	led := false
	for _, m := range o.Members {
		if m.Err != "" {
			return fmt.Errorf("%w: member %s does not answer: %s", ErrRefused, m.Name, m.Err)
		}
		led = led || m.Leader
	}
	if !led {
		return fmt.Errorf("%w: there is no leader", ErrRefused)
	}
	return nil
}

// DisarmAlarms takes back all alarms. NOSPACE comes back with the next write where the space is still short.
func DisarmAlarms(ctx context.Context, s *etcdview.Store) error {
	if _, err := s.Client().AlarmDisarm(ctx, &clientv3.AlarmMember{}); err != nil {
		return fmt.Errorf("etcd: disarm: %w", err)
	}
	return nil
}

// MoveLeader makes another member the leader, by its name or its ID in hexadecimal.
func MoveLeader(ctx context.Context, s *etcdview.Store, member string) error {
	o, err := s.Overview(ctx)
	if err != nil {
		return err
	}
	var leader, target *etcdview.Member
	for i := range o.Members {
		m := &o.Members[i]
		if m.Leader {
			leader = m
		}
		if m.Name == member || m.ID == member {
			target = m
		}
	}
	switch {
	case target == nil:
		return fmt.Errorf("there is no member %s", member)
	case leader == nil:
		return fmt.Errorf("%w: there is no leader", ErrRefused)
	case target == leader:
		return fmt.Errorf("%w: %s is the leader already", ErrRefused, member)
	case target.Learner:
		return fmt.Errorf("%w: %s is a learner", ErrRefused, member)
	}
	id, err := strconv.ParseUint(target.ID, 16, 64)
	if err != nil {
		return err
	}
	// Only the leader takes the request.
	c := s.Client()
	given := c.Endpoints()
	c.SetEndpoints(leader.Endpoint)
	defer c.SetEndpoints(given...)
	if _, err := c.MoveLeader(ctx, id); err != nil {
		return fmt.Errorf("etcd: move leader to %s: %w", member, err)
	}
	return nil
}
