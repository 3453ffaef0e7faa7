package containers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
)

// sandboxOf finds the sandbox that a Pod uses, or the last one that it had; nil where none is known.
func sandboxOf(ctx context.Context, c *cluster.Cluster, p *corev1.Pod) *cluster.Sandbox {
	list, err := c.Sandboxes(ctx)
	if err != nil {
		return nil // the screen does without: most clusters do not tell
	}
	static := p.Annotations[corev1.MirrorPodAnnotationKey] // the runtime knows a static Pod by this and not by its mirror's UID
	for _, s := range list {
		if s.UID == string(p.UID) || static != "" && s.UID == static {
			return &s
		}
	}
	return nil
}

// above is how many lines the sandbox takes.
func (v *view) above() int {
	if v.sandbox == nil {
		return 0
	}
	return 2
}

// drawSandbox shows what the containers share: the sandbox that elsewhere the container pause holds.
func (v *view) drawSandbox(c *canvas.Canvas) {
	b, s := v.sandbox, v.scope.Styles()
	health, state := screen.Good, "ready"
	if !b.Ready {
		health, state = screen.Idle, "not ready"
	}
	network := b.Address
	if b.Network == "node" {
		network += " (the node's)"
	}
	running := 0
	for _, k := range b.Containers {
		if k.State == "running" {
			running++
		}
	}
	c.Text(2, 0, health.Style(s), health.Glyph())
	x := c.Text(4, 0, s.Text, "sandbox "+b.ID[:min(12, len(b.ID))])
	text := fmt.Sprintf("%s %s   %s   %d running", state, duration.HumanDuration(v.scope.Now().Sub(b.Created)), network, running)
	c.Clip(x+3, 0, c.Width()-x-4, s.Muted, text)
}
