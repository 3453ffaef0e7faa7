package debug

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// ErrSimulated is returned for a node that has no kubelet: nothing can run there.
var ErrSimulated = errors.New("the node is simulated: it has no kubelet, and nothing runs there")

// NodeOptions say what runs on a node.
type NodeOptions struct {
	// Namespace and Image have to be set.
	Namespace, Image string
	// Command is the image's own where empty.
	Command []string
	// Privileged takes away what confines a container, so that chroot /host and the like work.
	Privileged bool
}

// NodePlan plans a Pod on a node with a terminal, in the node's own network, process and IPC namespaces and with its file system
// at /host, as kubectl debug node/NAME makes it. It runs there whatever the node's taints are, also where it is cordoned, and
// ends when its terminal goes. The Pod is the plan's Ref. It returns ErrSimulated where nothing can run.
func NodePlan(ctx context.Context, c *cluster.Cluster, node change.Ref, o NodeOptions) (*change.Plan, error) {
	if o.Image == "" || o.Namespace == "" {
		return nil, fmt.Errorf("debug %s: no image, or no namespace", node)
	}
	live, err := change.Get(ctx, c, node)
	if err != nil {
		return nil, err
	}
	if live.GetAnnotations()["kwok.x-k8s.io/node"] == "fake" {
		return nil, fmt.Errorf("%s: %w", node, ErrSimulated)
	}
	const longest = 63 // of the names that a Pod's host name is made of
	prefix, suffix := "node-debugger-"+node.Name, "-"+rand.String(5)
	pod := change.Ref{
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: "Pod",
		Namespace: o.Namespace, Name: prefix[:min(len(prefix), longest-len(suffix))] + suffix,
	}
	container := map[string]any{
		"name": "debugger", "image": o.Image, "imagePullPolicy": "IfNotPresent", "stdin": true, "stdinOnce": true, "tty": true,
		"terminationMessagePolicy": "File",
		"volumeMounts":             []any{map[string]any{"name": "host-root", "mountPath": "/host"}},
	}
	profile := "general"
	if o.Privileged {
		profile = "sysadmin"
		container["securityContext"] = map[string]any{"privileged": true}
	}
	args := []string{"debug", "node/" + node.Name, "-it", "--image=" + o.Image, "--profile=" + profile}
	if len(o.Command) > 0 {
		words := make([]any, len(o.Command))
		for i, w := range o.Command {
			words[i] = w
		}
		container["command"] = words
		args = append(append(args, "--"), o.Command...)
	}
	p, err := change.Create(ctx, c, pod, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": pod.Name, "namespace": pod.Namespace, "labels": map[string]any{"app.kubernetes.io/managed-by": change.FieldManager}},
		"spec": map[string]any{
			"nodeName": node.Name, "restartPolicy": "Never", "hostNetwork": true, "hostPID": true, "hostIPC": true,
			"terminationGracePeriodSeconds": int64(1),
			"tolerations":                   []any{map[string]any{"operator": "Exists"}},
			"containers":                    []any{container},
			"volumes":                       []any{map[string]any{"name": "host-root", "hostPath": map[string]any{"path": "/"}}},
		},
	}})
	if err != nil {
		return nil, err
	}
	p.Summary = fmt.Sprintf("a shell on %s by %s", node, pod)
	p.Command = change.Command(pod, args...)
	return p, nil
}
