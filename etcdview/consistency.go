package etcdview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// MemberHash is the hash of all that a member holds, up to a revision.
type MemberHash struct {
	ID     string `json:"id"`
	Member string `json:"member"`
	Hash   uint32 `json:"hash"`
	// CompactRevision is the one that the member's data begins at: hashes are comparable only where it is the same.
	CompactRevision int64  `json:"compactRevision"`
	Err             string `json:"error,omitempty"`
}

// Consistency says whether the members hold the same data.
type Consistency struct {
	// Revision is the one up to which the hashes go, on every member alike.
	Revision int64        `json:"revision"`
	Members  []MemberHash `json:"members"`
	// Differing is set where two members hold different data, Unknown where not all could be compared.
	Differing bool `json:"differing"`
	Unknown   bool `json:"unknown"`
}

// Verdict is the result in words.
func (c *Consistency) Verdict() string {
	switch {
	case c.Differing:
		return fmt.Sprintf("the members hold different data at revision %d", c.Revision)
	case c.Unknown:
		return fmt.Sprintf("not all members could be compared at revision %d", c.Revision)
	case len(c.Members) == 1:
		return fmt.Sprintf("one member: nothing to compare it with at revision %d", c.Revision)
	}
	return fmt.Sprintf("all %d members hold the same data at revision %d", len(c.Members), c.Revision)
}

// hashAttempts is how often members are asked when a compaction came between the answers.
const hashAttempts = 3

// Consistency asks every member for the hash of its data at one revision, 0 for the newest. The members read all they
// have for it: some seconds for each GB. A member that does not answer has Err set.
func (s *Store) Consistency(ctx context.Context, rev int64) (*Consistency, error) {
	o, err := s.Overview(ctx)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		c := &Consistency{Revision: rev, Members: make([]MemberHash, len(o.Members))}
		if rev == 0 {
			if c.Revision, err = s.Revision(ctx); err != nil {
				return nil, err
			}
		}
		var wg sync.WaitGroup
		for i := range o.Members {
			wg.Go(func() { c.Members[i] = s.hash(ctx, &o.Members[i], c.Revision) })
		}
		wg.Wait()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.judge()
		if !c.Unknown || c.Differing || attempt == hashAttempts || slices.ContainsFunc(c.Members, func(h MemberHash) bool { return h.Err != "" }) {
			return c, nil
		}
	}
}

func (c *Consistency) judge() {
	for i, h := range c.Members {
		for _, g := range c.Members[:i] {
			if h.Err == "" && g.Err == "" && h.CompactRevision == g.CompactRevision && h.Hash != g.Hash {
				c.Differing = true
			}
		}
		c.Unknown = c.Unknown || h.Err != "" || h.CompactRevision != c.Members[0].CompactRevision
	}
}

// hash asks one member, again where it has not come to the revision yet.
func (s *Store) hash(ctx context.Context, m *Member, rev int64) MemberHash {
	h := MemberHash{ID: m.ID, Member: m.Name, Err: m.Err}
	if m.Endpoint == "" {
		return h
	}
	behind := time.NewTicker(20 * time.Millisecond)
	defer behind.Stop()
	late := time.After(memberTimeout)
	for {
		r, err := s.client.HashKV(ctx, m.Endpoint, rev)
		switch {
		case err == nil:
			h.Hash, h.CompactRevision = r.Hash, r.CompactRevision
			return h
		case !errors.Is(err, rpctypes.ErrFutureRev) && !strings.Contains(err.Error(), "future revision"): // etcd 3.4 sends it as text
			h.Err = err.Error()
			return h
		}
		select {
		case <-behind.C:
		case <-late:
			h.Err = fmt.Sprintf("it has not come to revision %d yet", rev)
			return h
		case <-ctx.Done():
			h.Err = ctx.Err().Error()
			return h
		}
	}
}
