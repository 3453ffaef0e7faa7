package etcd

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/screen"
)

// toObject opens the object that the pane's key holds: the way back from etcd.
func (p *pane) toObject() {
	path := p.key()
	o, ok := registry.Parse(p.decode.Prefix, path)
	if !ok || !o.Served() {
		p.scope.Say(screen.Idle, etcdview.Printable(path)+" is no object that the API serves")
		return
	}
	c := p.scope.Cluster()
	screen.Call(p.scope, "find "+o.String(), 10*time.Second, func(context.Context) (schema.GroupVersionResource, error) {
		return c.Mapper().ResourceFor(o.GroupResource.WithVersion(""))
	}, func(found schema.GroupVersionResource, err error) {
		if err != nil {
			p.scope.Fail(fmt.Errorf("the API serves no such object: %w", err))
			return
		}
		obj := screen.Object{Resource: found, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
		if p.scope.Handles(screen.YAML{}) {
			p.scope.Open(screen.YAML{Object: obj})
			return
		}
		p.scope.Open(screen.Resources{Resource: obj.Resource, Namespace: o.Namespace, Filter: o.Name})
	})
}
