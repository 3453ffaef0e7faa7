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
	"sync"
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
		change.Together(plans...)
	}
	screen.Call(s, what, applyTimeout+time.Duration(len(plans))*time.Second, func(ctx context.Context) (int, error) {
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
			s.Say(screen.Good, "done: "+what+"   (U takes them back)")
		default:
			s.Say(screen.Good, "done: "+what+"   (U takes it back)")
		}
		then(err)
	})
}

// Undo proposes to take back the last change that was made from here, not taken back, and can be: what never can is passed over,
// and the preview says so. What was done to several objects at once is taken back at once.
func Undo(s *screen.Scope) {
	passed := 0
	for _, r := range slices.Backward(Door(s).Records()) {
		switch {
		case r.UndoneBy != 0 || r.Undid != 0:
		case r.Plan.Final():
			passed++
		default:
			undo(s, Door(s).With(r), passed)
			return
		}
	}
	s.Say(screen.Idle, "nothing was changed from here that could be taken back")
}

// UndoRecord proposes to take back one change.
func UndoRecord(s *screen.Scope, r change.Record) { undo(s, []change.Record{r}, 0) }

// undo proposes to take back some changes that were made as one, the last one first, after which so many were made that cannot be.
func undo(s *screen.Scope, made []change.Record, passed int) {
	door := Door(s)
	var last []change.Record
	for _, r := range slices.Backward(made) {
		if len(made) == 1 || r.UndoneBy == 0 && !r.Plan.Final() {
			last = append(last, r)
		}
	}
	what := "take back: " + last[0].Plan.Summary
	if len(last) > 1 {
		what = fmt.Sprintf("take back %d changes", len(last))
	}
	Propose(s, what, func(ctx context.Context, _ *cluster.Cluster) ([]*change.Plan, error) {
		plans, errs := parallel(last, func(r change.Record) (*change.Plan, error) { return door.Undo(ctx, &r) })
		var back []*change.Plan
		var stays []string
		for i, p := range plans {
			if errs[i] == nil {
				back = append(back, p)
			} else {
				stays = append(stays, "this stays as it is: "+errs[i].Error())
			}
		}
		if len(back) == 0 {
			return nil, errs[0]
		}
		if passed > 0 {
			stays = append(stays, fmt.Sprintf("what was done after it and cannot be taken back, as evictions, stays done: %d", passed))
		}
		back[0] = back[0].WithEffects(stays...)
		return back, nil
	})
}

// parallel plans for each of some things, a few at a time: those of a distant cluster would take long one after the other.
func parallel[T any](of []T, plan func(T) (*change.Plan, error)) ([]*change.Plan, []error) {
	const most = 8
	plans, errs := make([]*change.Plan, len(of)), make([]error, len(of))
	slots := make(chan struct{}, most)
	var all sync.WaitGroup
	for i, one := range of {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			plans[i], errs[i] = plan(one)
		})
	}
	all.Wait()
	return plans, errs
}

// Ref is an object as changes name it, with what the user saw.
func Ref(o screen.Object) change.Ref {
	return change.Ref{Resource: o.Resource, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, UID: o.UID}
}
