package recorder

import (
	"context"

	"github.com/podarium/podarium/etcdview"
)

// Reader is an etcd whose histories go on with what is recorded of them.
type Reader struct {
	etcdview.Reader
	Recording *Recording
}

// History is that of the etcd, extended.
func (r Reader) History(ctx context.Context, key string, o etcdview.HistoryOptions) (etcdview.History, error) {
	h, err := r.Reader.History(ctx, key, o)
	if err != nil {
		return h, err
	}
	if o.Limit <= 0 {
		o.Limit = 100
	}
	return h, r.Recording.Extend(&h, o.Limit)
}
