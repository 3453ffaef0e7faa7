package shell

import (
	"context"
	"errors"
	"strings"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/debug"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

const (
	general  = "general: as any Pod"
	sysadmin = "sysadmin: privileged, for chroot /host"
)

// Node asks for an image, proposes a Pod on a node with the node's namespaces and file system, and attaches to it. The Pod
// goes when the screen is left.
func Node(s *screen.Scope, node screen.Object) {
	given := func(v string) error {
		if strings.TrimSpace(v) == "" {
			return errors.New("give one")
		}
		return nil
	}
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Shell on " + node.Name, Accept: "Preview",
		Note: "A Pod on the node with the node's network and processes; its files are under /host. It is deleted when you leave the shell.",
		Fields: []dialog.Field{
			{Label: "image", Value: debugImage, Check: given},
			{Label: "profile", Value: general, Choices: []string{general, sysadmin}},
			{Label: "namespace", Value: "default", Check: given},
			{Label: "command, empty for the image's", Value: "sh"},
		},
		Then: func(v []string) {
			o := debug.NodeOptions{
				Image: strings.TrimSpace(v[0]), Privileged: v[1] == sysadmin, Namespace: strings.TrimSpace(v[2]), Command: debug.Words(v[3]),
			}
			var pod change.Ref
			changes.ProposeThen(s, "a shell on "+node.Name, changes.One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
				p, err := debug.NodePlan(ctx, c, changes.Ref(node), o)
				if err != nil {
					return nil, err
				}
				pod = p.Ref
				return p.WithEffects("the Pod is deleted when you leave the shell"), nil
			}), func() {
				s.Open(Session{Object: screen.Object{Resource: pod.Resource, Kind: pod.Kind, Namespace: pod.Namespace, Name: pod.Name}, Attach: true, Passing: true})
			})
		},
	}))
}
