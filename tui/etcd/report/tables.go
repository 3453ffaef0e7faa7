package report

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/etcdview/survey"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
)

func (r *report) space(store *etcdview.Store) {
	pass(r, "read all keys", func(ctx context.Context, o survey.Options) (*survey.Result, error) { return survey.Run(ctx, store, o) }, func(res *survey.Result) {
		r.state = screen.State{Health: screen.Good, Text: "at revision " + grid.Thousands(res.Revision)}
		r.note = grid.Plural(res.Total.Keys, "key") + ", " + etcdview.Size(res.Total.Bytes)
		byResource := table("by resource", "", "<RESOURCE", ">KEYS", ">BYTES", ">SHARE", ">WRITES")
		for _, g := range res.Resources {
			byResource.add(r.dir(g), g.Resource, grid.Thousands(g.Keys), etcdview.Size(g.Bytes),
				fmt.Sprintf("%.1f %%", 100*float64(g.Bytes)/float64(max(1, res.Total.Bytes))), grid.Thousands(g.Writes))
		}
		byNamespace := table("by namespace", "", "<RESOURCE", "NAMESPACE", ">KEYS", ">BYTES", ">WRITES")
		for _, g := range res.Namespaces {
			byNamespace.add(r.dir(g), g.Resource, g.Namespace, grid.Thousands(g.Keys), etcdview.Size(g.Bytes), grid.Thousands(g.Writes))
		}
		largest := table("largest keys", "", "<KEY", ">BYTES", ">WRITES")
		for _, k := range res.Largest {
			largest.add(etcdview.ParseKey(k.Key), k.Key, etcdview.Size(k.Bytes), grid.Thousands(k.Writes))
		}
		written := table("most often written", "", "<KEY", ">WRITES", ">BYTES")
		for _, k := range res.MostWritten {
			written.add(etcdview.ParseKey(k.Key), k.Key, grid.Thousands(k.Writes), etcdview.Size(k.Bytes))
		}
		r.parts = []part{byResource, byNamespace, largest, written}
	})
}

// dir is where the keys of a group lie, empty where that is not one directory.
func (r *report) dir(g survey.Group) string {
	if strings.Contains(g.Resource, "/") || g.Resource == registry.CompactKey || strings.HasPrefix(g.Resource, "(") {
		return ""
	}
	return registry.Dir(r.scope.Cluster().EtcdPrefix(), schema.ParseGroupResource(g.Resource), g.Namespace)
}

func (r *report) audit(store *etcdview.Store) {
	d := access.Decoding(r.scope)
	pass(r, "decode all values", func(ctx context.Context, o survey.Options) (*survey.Audit, error) {
		return survey.Inspect(ctx, store, o, d)
	}, func(a *survey.Audit) {
		r.note = grid.Plural(a.Keys, "key")
		r.state = screen.State{Health: screen.Good, Text: "nothing wrong"}
		if n := a.Faults(); n > 0 {
			r.state = screen.State{Health: screen.Poor, Text: grid.Plural(n, "finding")}
		}
		r.parts = nil
		for i, c := range slices.Backward(a.Checks) {
			if c.Count > 0 {
				r.at = i // what is wrong comes in sight first
			}
		}
		for _, c := range a.Checks {
			p := table(fmt.Sprintf("%s: %d", c.Name, c.Count), "none", "<KEY", "WHY")
			for _, f := range c.Findings {
				p.add(etcdview.ParseKey(f.Key), f.Key, f.Why)
			}
			r.parts = append(r.parts, p)
		}
		v := table("stored versions", "nothing is stored", "<RESOURCE", "STORED AS", "KIND", "FORM", "ENCRYPTION", ">OBJECTS")
		for _, s := range a.StoredVersions {
			v.add("", s.Resource, s.APIVersion, s.Kind, s.Form, s.Encryption, grid.Thousands(s.Count))
		}
		r.parts = append(r.parts, v)
	})
}
