package etcd

import (
	"context"
	"fmt"

	"github.com/podarium/podarium/cluster"
	door "github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/restore"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
)

// bringBack proposes to make the object what it was at the revision under the cursor: through the API server, with its
// checks, after a preview. A deleted object is created anew from its last value.
func (p *pane) bringBack() {
	c := p.current()
	if c == nil || c.gap != nil {
		return
	}
	if p.scope.Cluster().EtcdOnly() {
		p.scope.Say(screen.Idle, "there is no API server here: 'podarium etcd extract … | kubectl apply -f -' brings it back")
		return
	}
	kv := c.KV
	if c.Type == etcdview.Delete {
		if c.Prev == nil {
			p.scope.Say(screen.Idle, "what it was before it was deleted is not known")
			return
		}
		kv = *c.Prev
	}
	o := p.decode
	o.ShowSecrets = true // for the API server; the preview masks them
	what := fmt.Sprintf("bring back %s as at revision %s", etcdview.Printable(kv.Key), grid.Thousands(kv.ModRevision))
	changes.Propose(p.scope, what, changes.One(func(ctx context.Context, cl *cluster.Cluster) (*door.Plan, error) {
		v := decode.Decode(ctx, kv.Key, kv.Value, o)
		return restore.Plan(ctx, cl, &v, what)
	}))
}
