package changes

import (
	"context"
	"strings"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/machine"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// Power proposes to switch nodes off that are on, and on that are off.
func Power(s *screen.Scope, nodes []screen.Object) {
	Propose(s, "switch "+names(nodes), each(nodes, machine.Toggle))
}

// AddNode asks for a name and proposes to add a node.
func AddNode(s *screen.Scope) {
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Add a node", Accept: "Preview",
		Note:   "Without a name it gets the first free one of node-1, node-2 and so on. 'podarium node add --help' has labels and runtimes.",
		Fields: []dialog.Field{{Label: "name"}},
		Then: func(v []string) {
			Propose(s, "add a node", One(func(_ context.Context, c *cluster.Cluster) (*change.Plan, error) {
				return machine.Add(c, strings.TrimSpace(v[0]))
			}))
		},
	}))
}

// RemoveNode asks what may be lost and proposes to remove a node.
func RemoveNode(s *screen.Scope, node screen.Object) {
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Remove " + node.Name, Accept: "Preview",
		Note:   "Drain it first (r) where its Pods are to stop in their own time.",
		Fields: []dialog.Field{{Label: "lose data of volumes on it", Value: no, Choices: []string{no, yes}}},
		Then: func(v []string) {
			Propose(s, "remove "+node.Name, One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
				return machine.Remove(ctx, c, Ref(node), v[0] == yes)
			}))
		},
	}))
}
