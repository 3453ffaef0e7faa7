package tree

import (
	"testing"

	"github.com/podarium/podarium/cluster/related"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func named(kind, name string, below ...*node) *node {
	return &node{ref: related.Ref{Resource: pods, Kind: kind, Namespace: "default", Name: name}, below: below}
}

func some() *view {
	uses := func(kind, name, how string) *node {
		n := named(kind, name)
		n.used, n.how = true, how
		return n
	}
	good := named("Pod", "web-6f9-a", uses("ConfigMap", "settings", "all env of container web"), uses("ServiceAccount", "default", "runs as it"))
	good.state, good.health = "Running", screen.Good
	bad := named("Pod", "web-6f9-b", uses("Secret", "word", "volume word"))
	bad.state, bad.health = "ContainerCreating", screen.Busy
	missing := bad.below[0]
	missing.missing, missing.state, missing.health = true, "does not exist", screen.Bad
	top := named("Deployment", "web", named("ReplicaSet", "web-6f9", good, bad), named("ReplicaSet", "web-57c"))
	top.self = true
	return &view{roots: []*node{top}, loaded: true, folded: map[string]bool{}, crumbs: []string{"default", "deployments", "web", "tree"}}
}

func TestGoldenTree(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := some()
	v.scope = s
	v.lay()
	screentest.AllSizes(t, h, "tree", v)
	v.Do(actDown)
	v.Do(actFold)
	screentest.Sized(t, h, "folded", v, 80, 24)
	v.Do(actFold)
	if err := v.Filter("WORD"); err != nil || len(v.lines) != 4 {
		t.Errorf("the filter leaves %d lines, %v; want the Secret and the three above it", len(v.lines), err)
	}
	v.Do(actBottom)
	v.Do(actYAML)
	if len(h.Opened) != 0 || len(h.Said) == 0 {
		t.Errorf("an object that does not exist opens %v", h.Opened)
	}
}
