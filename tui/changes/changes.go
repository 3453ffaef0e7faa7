// Package changes is how the UI changes the cluster: plan, show the plan as a diff, apply it through the one door, and
// remember it so that it can be taken back.
//
// Screens call Propose with a function that plans. Nothing else in the UI writes to the cluster.
package changes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// Module registers the list of what was done, and the commands to undo.
func Module() screen.Module {
	return screen.Module{
		Name:   "Changes",
		Routes: []screen.Route{screen.To(openDone), screen.To(openDraining)},
		Commands: []screen.Command{
			{Names: []string{"done", "changes"}, Help: "what was changed from here, with undo", Run: func(*screen.Scope, string) (screen.Request, error) {
				return screen.Done{}, nil
			}},
			{Names: []string{"undo"}, Help: "take back the last change made from here, after a preview", Run: func(s *screen.Scope, _ string) (screen.Request, error) {
				Undo(s)
				return nil, nil
			}},
		},
		Keys: map[string]key.Table{"Changes": doneKeys(), "Drain": drainKeys()},
	}
}

const (
	planTimeout  = 15 * time.Second
	applyTimeout = 30 * time.Second
)

type doorKey struct{}

// Door is the door for changes that all screens share.
func Door(s *screen.Scope) *change.Door {
	return screen.Service(s, doorKey{}, func() *change.Door { return change.NewDoor(s.Cluster()) })
}

// Planner makes plans. It runs off the UI's goroutine.
type Planner func(context.Context, *cluster.Cluster) ([]*change.Plan, error)

// One is a Planner of one plan.
func One(f func(context.Context, *cluster.Cluster) (*change.Plan, error)) Planner {
	return func(ctx context.Context, c *cluster.Cluster) ([]*change.Plan, error) {
		p, err := f(ctx, c)
		if err != nil {
			return nil, err
		}
		return []*change.Plan{p}, nil
	}
}

// Propose plans, shows what the plans would change, and applies them when the user says so.
func Propose(s *screen.Scope, what string, plan Planner) { ProposeThen(s, what, plan, func() {}) }

// ProposeThen is Propose, and runs then after the changes were made.
func ProposeThen(s *screen.Scope, what string, plan Planner, then func()) {
	c := s.Cluster()
	if c.ReadOnly() {
		s.Fail(fmt.Errorf("%s: %w", what, change.ErrReadOnly))
		return
	}
	screen.Call(s, "plan: "+what, planTimeout, func(ctx context.Context) ([]*change.Plan, error) { return plan(ctx, c) },
		func(plans []*change.Plan, err error) {
			switch {
			case errors.Is(err, change.ErrNothingToDo):
				s.Say(screen.Idle, err.Error())
			case err != nil:
				s.Fail(err)
			case len(plans) > 0:
				s.Ask(newPreview(s, plans, func() {
					applyThen(s, plans, func(err error) {
						if err == nil {
							then()
						}
					})
				}))
			}
		})
}

// applyThen makes the changes in order, stops at the first that fails, and tells how it went. An error has been shown by then.
func applyThen(s *screen.Scope, plans []*change.Plan, then func(error)) {
	door := Door(s)
	what := plans[0].Summary
	if len(plans) > 1 {
		what = fmt.Sprintf("%d changes", len(plans))
	}
	screen.Call(s, what, applyTimeout, func(ctx context.Context) (int, error) {
		for i, p := range plans {
			if _, err := door.Apply(ctx, p); err != nil {
				return i, err
			}
		}
		return len(plans), nil
	}, func(n int, err error) {
		switch {
		case err != nil && n > 0:
			s.Fail(fmt.Errorf("%d of %d done, then: %w", n, len(plans), err))
		case err != nil:
			s.Fail(err)
		case n > 1:
			s.Say(screen.Good, "done: "+what+"   (D lists them, with undo)")
		default:
			s.Say(screen.Good, "done: "+what+"   (U takes it back)")
		}
		then(err)
	})
}

// Undo proposes to take back the last change that was made from here, not taken back, and can be: what never can is passed over,
// and the preview says so.
func Undo(s *screen.Scope) {
	passed := 0
	for _, r := range slices.Backward(Door(s).Records()) {
		switch {
		case r.UndoneBy != 0 || r.Undid != 0:
		case r.Plan.Final():
			passed++
		default:
			undo(s, r, passed)
			return
		}
	}
	s.Say(screen.Idle, "nothing was changed from here that could be taken back")
}

// UndoRecord proposes to take back one change.
func UndoRecord(s *screen.Scope, r change.Record) { undo(s, r, 0) }

// undo proposes to take back a change after which so many were made that cannot be.
func undo(s *screen.Scope, r change.Record, passed int) {
	door := Door(s)
	Propose(s, "take back: "+r.Plan.Summary, One(func(ctx context.Context, _ *cluster.Cluster) (*change.Plan, error) {
		p, err := door.Undo(ctx, &r)
		if err == nil && passed > 0 {
			p = p.WithEffects(fmt.Sprintf("what was done after it and cannot be taken back, as evictions, stays done: %d", passed))
		}
		return p, err
	}))
}

// Ref is an object as changes name it, with what the user saw.
func Ref(o screen.Object) change.Ref {
	return change.Ref{Resource: o.Resource, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, UID: o.UID}
}
