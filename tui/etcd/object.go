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
	withObject(p.scope, p.key(), func(obj screen.Object) {
		if p.scope.Handles(screen.YAML{}) {
			p.scope.Open(screen.YAML{Object: obj})
			return
		}
		p.scope.Open(screen.Resources{Resource: obj.Resource, Namespace: obj.Namespace, Filter: obj.Name})
	})
}

// served is the object that a key holds, where an API server serves it.
func served(s *screen.Scope, path string) (registry.Object, bool) {
	o, ok := registry.Parse(s.Cluster().EtcdPrefix(), path)
	return o, ok && o.Served() && !s.Cluster().EtcdOnly()
}

// withObject finds the object that a key holds, by what the API serves.
func withObject(s *screen.Scope, path string, then func(screen.Object)) {
	o, ok := served(s, path)
	if !ok {
		why := " is no object that the API serves"
		if s.Cluster().EtcdOnly() {
			why = ": there is no API server here, only an etcd"
		}
		s.Say(screen.Idle, etcdview.Printable(path)+why)
		return
	}
	c := s.Cluster()
	screen.Call(s, "find "+o.String(), 10*time.Second, func(context.Context) (schema.GroupVersionResource, error) {
		return c.Mapper().ResourceFor(o.GroupResource.WithVersion(""))
	}, func(found schema.GroupVersionResource, err error) {
		if err != nil {
			s.Fail(fmt.Errorf("the API serves no such object: %w", err))
			return
		}
		then(screen.Object{Resource: found, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name})
	})
}
