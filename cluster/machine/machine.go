// Package machine plans what is done to the machines of a cluster that podarium runs: nodes that are added and removed,
// switched off and on. Kubernetes has no API for that; the plans go through the one door of package change all the same.
//
// Where the machines are not podarium's (cluster.Cluster.Nodes is nil) every plan is an ErrNotOurs.
package machine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// ErrNotOurs is returned where the nodes are machines that podarium does not run.
var ErrNotOurs = errors.New("only a cluster that podarium runs lets nodes be added, removed, or switched off and on")

// Add plans to add a node for good. An empty name is the first free one of node-1, node-2 and so on.
func Add(c *cluster.Cluster, name string) (*change.Plan, error) {
	nodes := c.Nodes()
	if nodes == nil {
		return nil, ErrNotOurs
	}
	o := change.Operation{
		Verb: "add", Summary: "add a node", Command: "podarium node add",
		Ref:     ref(name),
		Effects: []string{"It gets a kubelet of its own, and is there after a restart too, until it is removed."},
	}
	if name != "" {
		o.Summary, o.Command = "add node/"+name, o.Command+" "+name
	}
	added := name
	o.Do = func(ctx context.Context) (err error) {
		added, err = nodes.AddNode(ctx, name)
		return err
	}
	o.Back = func() change.Operation { return removal(nodes, ref(added), false) }
	return change.Operate(o), nil
}

// Remove plans to remove a node for good: its containers are killed. With loseVolumes that is so for the data of
// PersistentVolumes on it too; without, those forbid it.
func Remove(ctx context.Context, c *cluster.Cluster, node change.Ref, loseVolumes bool) (*change.Plan, error) {
	nodes, _, err := ours(ctx, c, node.Name)
	if err != nil {
		return nil, err
	}
	on, err := podsOn(ctx, c, node.Name)
	if err != nil {
		return nil, err
	}
	o := removal(nodes, node, loseVolumes)
	o.Effects = []string{"Its kubelet ends; the Node, what is bound to it and its directory are deleted, for good."}
	if len(on.leaving) > 0 {
		o.Warnings = append(o.Warnings, "it is not drained: these containers are killed without their time to stop (r on the node drains it)")
		o.Effects = append(append(o.Effects, fmt.Sprintf("ends %d Pods:", len(on.leaving))), on.leaving...)
	}
	return change.Operate(o), nil
}

func removal(nodes cluster.Nodes, node change.Ref, force bool) change.Operation {
	return change.Operation{
		Verb: "remove", Summary: "remove " + node.String(), Command: "podarium node remove " + node.Name + " --force", Ref: node,
		Do: func(ctx context.Context) error { return nodes.RemoveNode(ctx, node.Name, force) },
	}
}

// Toggle plans to switch a node off where it is on, and on where it is off.
func Toggle(ctx context.Context, c *cluster.Cluster, node change.Ref) (*change.Plan, error) {
	nodes, on, err := ours(ctx, c, node.Name)
	if err != nil {
		return nil, err
	}
	o := power(nodes, node, !on)
	if !on {
		o.Effects = []string{"Its kubelet starts, the Node becomes Ready, and what is still bound to it starts anew."}
		return change.Operate(o), nil
	}
	pods, err := podsOn(ctx, c, node.Name)
	if err != nil {
		return nil, err
	}
	o.Effects = append([]string{
		"Its containers are gone at once, as in a power failure; the API hears nothing of it.",
		"After the node lifecycle controller's grace time, 50 seconds, the Node is NotReady.",
		fmt.Sprintf("Then these %d Pods are evicted, each after what it tolerates, 5 minutes where it does not say:", len(pods.leaving)),
	}, pods.leaving...)
	if pods.staying > 0 {
		o.Effects = append(o.Effects, fmt.Sprintf("%d Pods of DaemonSets or static ones stay bound to it.", pods.staying))
	}
	return change.Operate(o), nil
}

// power is an operation with the other way round as its way back.
func power(nodes cluster.Nodes, node change.Ref, on bool) change.Operation {
	word := map[bool]string{true: "on", false: "off"}[on]
	return change.Operation{
		Verb: "switch " + word, Summary: "switch " + word + " " + node.String(), Command: "podarium node " + word + " " + node.Name, Ref: node,
		Do:   func(ctx context.Context) error { return nodes.PowerNode(ctx, node.Name, on) },
		Back: func() change.Operation { return power(nodes, node, !on) },
	}
}

// ours is the cluster's nodes, and whether one of them is on.
func ours(ctx context.Context, c *cluster.Cluster, name string) (cluster.Nodes, bool, error) {
	nodes := c.Nodes()
	if nodes == nil {
		return nil, false, ErrNotOurs
	}
	all, err := nodes.PoweredNodes(ctx)
	if err != nil {
		return nil, false, err
	}
	on, ok := all[name]
	if !ok {
		return nil, false, fmt.Errorf("%s is no machine of podarium's: those are %s", name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return nodes, on, nil
}

// bound are the Pods of a node that have not ended.
type bound struct {
	leaving []string // indented, by namespace and name
	staying int      // of DaemonSets, and static ones
}

func podsOn(ctx context.Context, c *cluster.Cluster, node string) (bound, error) {
	var b bound
	pods, err := c.Kubernetes().CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String()})
	if err != nil {
		return b, fmt.Errorf("the Pods on %s: %w", node, err)
	}
	for _, p := range pods.Items {
		owner := metav1.GetControllerOf(&p)
		_, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]
		switch {
		case p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed:
		case mirror || owner != nil && owner.Kind == "DaemonSet":
			b.staying++
		default:
			line := "  " + p.Namespace + "/" + p.Name
			if owner == nil {
				line += "   has no controller: nobody makes it again"
			}
			b.leaving = append(b.leaving, line)
		}
	}
	return b, nil
}

func ref(name string) change.Ref {
	return change.Ref{Resource: schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, Kind: "Node", Name: name}
}
