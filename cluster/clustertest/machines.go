package clustertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"

	"github.com/podarium/podarium/cluster"
)

// machines does to the nodes of a running cluster what podarium's commands do.
type machines struct{ binary, dataDir string }

var _ cluster.Nodes = machines{}

func (m machines) run(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, m.binary, append([]string{"--data-dir", m.dataDir}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return string(out), nil
}

// AddNode implements cluster.Nodes.
func (m machines) AddNode(ctx context.Context, name string) (string, error) {
	args := []string{"node", "add"}
	if name != "" {
		args = append(args, name)
	}
	out, err := m.run(ctx, args...)
	name, _, _ = strings.Cut(out, ":")
	return name, err
}

// RemoveNode implements cluster.Nodes. Without force it drains.
func (m machines) RemoveNode(ctx context.Context, name string, force bool) error {
	_, err := m.run(ctx, "node", "remove", name, fmt.Sprintf("--force=%t", force))
	return err
}

// PowerNode implements cluster.Nodes.
func (m machines) PowerNode(ctx context.Context, name string, on bool) error {
	_, err := m.run(ctx, "node", map[bool]string{true: "on", false: "off"}[on], name)
	return err
}

// PoweredNodes implements cluster.Nodes.
func (m machines) PoweredNodes(ctx context.Context) (map[string]bool, error) {
	text, err := m.run(ctx, "status", "--output", "json")
	if err != nil {
		return nil, err
	}
	var info struct {
		Status cluster.Status `json:"status"`
	}
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, c := range info.Status.Components {
		if name, ok := strings.CutPrefix(c.Name, "kubelet/"); ok {
			out[name] = c.State != cluster.Stopped
		}
	}
	return out, nil
}
