package livetable

import (
	"context"
	"errors"

	"github.com/podarium/podarium/cluster"
)

type feed struct{ s *store }

func newFeed(_ *cluster.Cluster, _ Query, s *store) *feed { return &feed{s} }

func (f *feed) run(ctx context.Context) {
	f.s.fail(errors.New("reading tables is not built yet"))
	<-ctx.Done()
}
