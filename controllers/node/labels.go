package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/podarium/podarium/controllers/node/containers"
)

// withRuntimes adds to a node's labels which runtimes it has.
func withRuntimes(labels map[string]string, handlers map[string]containers.Engine, cri bool) map[string]string {
	out := maps.Clone(labels)
	if out == nil {
		out = map[string]string{}
	}
	for name := range handlers {
		out[RuntimeLabel(name)] = "true"
	}
	if cri {
		out[RuntimeLabel(CRI)] = "true"
	}
	return out
}

// relabel gives a Node that was there before this process its labels: a kubelet sets most of them only when it registers.
// Labels that somebody else has set stay, but for those that say which runtimes there are.
func relabel(ctx context.Context, client kubernetes.Interface, name string, labels map[string]string) error {
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	change := map[string]any{}
	for k, v := range labels {
		if node.Labels[k] != v {
			change[k] = v
		}
	}
	for k := range node.Labels {
		if _, ours := labels[k]; !ours && strings.HasPrefix(k, RuntimeLabel("")) {
			change[k] = nil
		}
	}
	if len(change) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": change}})
	if err != nil {
		return err
	}
	if _, err := client.CoreV1().Nodes().Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("labels of node %s: %w", name, err)
	}
	return nil
}
