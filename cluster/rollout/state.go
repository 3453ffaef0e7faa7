package rollout

import (
	"context"
	"errors"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

type state struct {
	changed chan struct{}
	ref     change.Ref
}

func newState(ref change.Ref) *state { return &state{changed: make(chan struct{}, 1), ref: ref} }

func (s *state) follow(ctx context.Context, _ *cluster.Cluster) { <-ctx.Done() }

func (s *state) snapshot() *Progress {
	return &Progress{Ref: s.ref, Err: errors.New("following a rollout is not built yet")}
}
