package changes

import (
	"context"
	"errors"
	"slices"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/screen"
)

// tab is what goes on of a cluster's changes while other screens of it are looked at.
type tab struct {
	root   *screen.Scope
	drains map[string]*draining // by the node's name, the newest of each
}

type tabKey struct{}

// Start makes the place where drains go on, until the scope ends. The frame calls it.
func Start(s *screen.Scope) {
	screen.Service(s, tabKey{}, func() *tab { return &tab{root: s, drains: map[string]*draining{}} })
}

func tabOf(s *screen.Scope) *tab {
	Start(s)
	return screen.Service(s, tabKey{}, func() *tab { return nil })
}

// TakeBack takes back that an object was created from here, as the preview of that has announced: a Pod goes with its shell. It goes
// on when the screen is closed, is recorded, and tells what fails.
func TakeBack(s *screen.Scope, o screen.Object) {
	root, door := tabOf(s).root, Door(s)
	for _, r := range slices.Backward(door.Records()) {
		ref := r.Plan.Ref
		if r.Plan.Verb != "create" || r.UndoneBy != 0 || ref.Resource != o.Resource || ref.Namespace != o.Namespace || ref.Name != o.Name {
			continue
		}
		screen.Call(root, "delete "+ref.String(), planTimeout+applyTimeout, func(ctx context.Context) (*change.Record, error) {
			p, err := door.Undo(ctx, &r)
			if err != nil {
				return nil, err
			}
			return door.Apply(ctx, p)
		}, func(_ *change.Record, err error) {
			if err != nil && !errors.Is(err, change.ErrConflict) { // it is gone already, or another one
				root.Fail(err)
			}
		})
		return
	}
}
