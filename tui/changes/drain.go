package changes

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/drain"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// Draining is the request for the screen of a node that is being emptied, or was.
type Draining struct{ screen.Object }

// draining is one drain; it goes on while other screens are looked at.
type draining struct {
	node  screen.Object
	run   run
	began time.Time
}

// run is a drain.Run.
type run interface {
	Changed() <-chan struct{}
	Done() <-chan struct{}
	Pods() []drain.Pod
	Err() error
	Stop()
}

const (
	yes = "yes"
	no  = "no"
)

// Drain asks how, shows which Pods would go, and then the drain as it goes.
func Drain(s *screen.Scope, node screen.Object) {
	if d := tabOf(s).drains[node.Name]; d != nil {
		select {
		case <-d.run.Done():
		default:
			s.Open(Draining{node})
			return
		}
	}
	askDrain(s, node, []string{yes, no, no, ""})
}

// askDrain asks how, offering the answers given.
func askDrain(s *screen.Scope, node screen.Object, answers []string) {
	choices := []string{no, yes}
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Drain " + node.Name, Accept: "Preview",
		Fields: []dialog.Field{
			{Label: "leave Pods of DaemonSets", Value: answers[0], Choices: choices},
			{Label: "lose data in emptyDirs", Value: answers[1], Choices: choices},
			{Label: "also Pods without controller", Value: answers[2], Choices: choices},
			{Label: "grace in seconds", Value: answers[3], Check: checkGrace},
		},
		Then: func(v []string) { planDrain(s, node, v) },
	}))
}

func planDrain(s *screen.Scope, node screen.Object, answers []string) {
	c := s.Cluster()
	if c.ReadOnly() {
		s.Fail(fmt.Errorf("drain %s: %w", node.Name, change.ErrReadOnly))
		return
	}
	o := drain.Options{IgnoreDaemonSets: answers[0] == yes, DeleteEmptyDirData: answers[1] == yes, Force: answers[2] == yes}
	if n, err := strconv.ParseInt(strings.TrimSpace(answers[3]), 10, 64); err == nil { // the form has checked it; empty is none
		o.GracePeriodSeconds = &n
	}
	screen.Call(s, "plan: drain "+node.Name, planTimeout, func(ctx context.Context) (*drain.Plan, error) {
		return drain.Make(ctx, c, Ref(node), o)
	}, func(p *drain.Plan, err error) {
		refused := (*drain.Refused)(nil)
		switch {
		case errors.As(err, &refused):
			s.Ask(dialog.NewConfirm(s, dialog.Confirm{
				Title: node.Name + " cannot be drained like this", Text: strings.Join(refused.Reasons, "\n\n"), Accept: "Choose again",
				Then: func() { askDrain(s, node, answers) },
			}))
		case err != nil:
			s.Fail(err)
		case p.Cordon == nil && len(p.Evictions) == 0:
			s.Say(screen.Idle, node.Name+" is cordoned and has no Pods to evict")
		default:
			s.Ask(newPreview(s, []*change.Plan{drainPlan(node, p)}, func() { startDrain(s, node, p) }))
		}
	})
}

// drainPlan is a drain as one plan, for the preview.
func drainPlan(node screen.Object, p *drain.Plan) *change.Plan {
	shown := &change.Plan{Verb: "drain", Summary: "drain " + node.Name, Command: p.Command, Ref: Ref(node), Warnings: p.Warnings}
	if p.Cordon != nil {
		shown.Before, shown.After = p.Cordon.Before, p.Cordon.After
	}
	lines := []string{fmt.Sprintf("evicts %d Pods, which cannot be undone:", len(p.Evictions))}
	for _, e := range p.Evictions {
		line := "  " + e.Ref.Namespace + "/" + e.Ref.Name
		if len(e.Warnings) > 0 {
			line += "   " + strings.Join(e.Warnings, "; ")
		}
		lines = append(lines, line)
	}
	return shown.WithEffects(lines...)
}

func startDrain(s *screen.Scope, node screen.Object, p *drain.Plan) {
	t := tabOf(s)
	t.drains[node.Name] = &draining{node: node, run: drain.Start(t.root.Context(), s.Cluster(), Door(s), p), began: s.Now()}
	s.Open(Draining{node})
}
