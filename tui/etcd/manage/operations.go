package manage

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/etcd/gate"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// operate does the operations.
func (v *overview) operate(a key.Action) {
	m := v.member()
	switch {
	case a == actMenu:
		v.menu()
	case a == actSnapshot:
		v.askSnapshot()
	case a == actCompare:
		v.compare()
	case a == actCompact:
		v.askCompact()
	case a == actDefragment:
		v.propose("defragment", func(ctx context.Context) (*operate.Operation, error) { return operate.PlanDefragment(ctx, v.store) })
	case a == actDisarm:
		v.propose("take back all alarms", func(ctx context.Context) (*operate.Operation, error) { return operate.PlanDisarm(ctx, v.store) })
	case a == actReclaim:
		v.propose("reclaim space", func(ctx context.Context) (*operate.Operation, error) { return operate.PlanReclaim(ctx, v.store) })
	case a == actAdd:
		v.askMember()
	case m == nil:
	case a == actLeader:
		v.propose("move the leader", func(ctx context.Context) (*operate.Operation, error) {
			return operate.PlanMoveLeader(ctx, v.store, m.ID)
		})
	case a == actPromote:
		v.propose("promote "+m.Name, func(ctx context.Context) (*operate.Operation, error) {
			return operate.PlanMemberPromote(ctx, v.store, m.ID)
		})
	case a == actRemove:
		v.propose("remove "+m.Name, func(ctx context.Context) (*operate.Operation, error) {
			return operate.PlanMemberRemove(ctx, v.store, m.ID)
		})
	}
}

func (v *overview) propose(what string, plan func(context.Context) (*operate.Operation, error)) {
	propose(v.scope, what, plan, func() { v.ask(false) })
}

// propose shows an operation and does it.
func propose(s *screen.Scope, what string, plan func(context.Context) (*operate.Operation, error), done func()) {
	gate.Propose(s, what, func(ctx context.Context) (*gate.Step, error) {
		op, err := plan(ctx)
		if err != nil {
			return nil, err
		}
		return gate.Operation(op), nil
	}, done)
}

// menu offers all operations by name.
func (v *overview) menu() {
	var choices []dialog.Choice
	ops := operateKeys()
	for _, b := range ops {
		note := key.Name(b.Keys[0])
		if b.Changes && v.scope.Cluster().ReadOnly() {
			note += "  read-only"
		}
		choices = append(choices, dialog.Choice{Text: b.Help, Note: note})
	}
	title := "Operate"
	if m := v.member(); m != nil {
		title += ": " + m.Name
	}
	v.scope.Ask(dialog.NewChoose(v.scope, dialog.Choose{Title: title, Choices: choices, Then: func(i int) { v.operate(ops[i].Action) }}))
}

func (v *overview) askCompact() {
	rev := ""
	if v.data != nil {
		rev = fmt.Sprint(v.data.Revision)
	}
	v.scope.Ask(dialog.NewForm(v.scope, dialog.Form{
		Title: "Compact", Accept: "Preview", Note: "Revisions before this one are forgotten. API servers compact every five minutes by themselves.",
		Fields: []dialog.Field{
			{Label: "oldest revision to keep", Value: rev, Check: func(s string) error {
				if n, err := strconv.ParseInt(s, 10, 64); err != nil || n <= 0 {
					return errors.New("a revision is a number from 1 on")
				}
				return nil
			}},
			{Label: "wait until the space is free", Value: "no", Choices: []string{"no", "yes"}},
		},
		Then: func(values []string) {
			rev, _ := strconv.ParseInt(values[0], 10, 64) // it was checked
			v.propose("compact", func(ctx context.Context) (*operate.Operation, error) {
				return operate.PlanCompact(ctx, v.store, rev, values[1] == "yes")
			})
		},
	}))
}

func (v *overview) askMember() {
	notEmpty := func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("this is needed")
		}
		return nil
	}
	v.scope.Ask(dialog.NewForm(v.scope, dialog.Form{
		Title: "Add a member", Accept: "Preview", Note: "A learner receives everything and does not vote until it is promoted: the gentle way.",
		Fields: []dialog.Field{
			{Label: "name", Check: notEmpty},
			{Label: "peer URLs", Value: "https://", Check: notEmpty},
			{Label: "as", Value: "learner", Choices: []string{"learner", "voting member"}},
		},
		Then: func(values []string) {
			urls := strings.FieldsFunc(values[1], func(r rune) bool { return r == ',' || r == ' ' })
			v.propose("add member "+values[0], func(ctx context.Context) (*operate.Operation, error) {
				return operate.PlanMemberAdd(ctx, v.store, values[0], urls, values[2] == "learner")
			})
		},
	}))
}

// askSnapshot saves a snapshot, which changes nothing of the etcd: it is allowed where that is read-only too.
func (v *overview) askSnapshot() {
	v.scope.Ask(dialog.NewForm(v.scope, dialog.Form{
		Title: "Save a snapshot", Accept: "Save", Note: "The whole database of the member that answers, checked by its own checksum. It holds Secrets as etcd does.",
		Fields: []dialog.Field{{Label: "file", Value: "etcd-" + v.scope.Now().Format("20060102T150405") + ".db", Check: func(s string) error {
			if s == "" {
				return errors.New("give a file")
			}
			return nil
		}}},
		Then: func(values []string) {
			size := int64(0)
			if v.data != nil {
				size = largest(v.data).Size
			}
			gate.Record(v.scope, &gate.Step{Name: "snapshot save", Target: values[0], Do: func(ctx context.Context, _ string, report func(string)) (string, error) {
				n, err := operate.SaveSnapshot(ctx, v.store, values[0], operate.SnapshotOptions{Progress: func(n int64) {
					report(fmt.Sprintf("%s of about %s …", etcdview.Size(n), etcdview.Size(size)))
				}})
				return fmt.Sprintf("%s saved to %s; its checksum is right. 'podarium etcd --snapshot %[2]s' opens it", etcdview.Size(n), values[0]), err
			}})
		},
	}))
}

// compare asks the members for hashes of what they hold.
func (v *overview) compare() {
	gate.Read(v.scope, "compare the members", func(ctx context.Context, report func(string)) (string, error) {
		report("each member reads all it has …")
		c, err := v.store.Consistency(ctx, 0)
		if err != nil {
			return "", err
		}
		for _, m := range c.Members {
			line := fmt.Sprintf("%-16s %08x  from revision %s", m.Member, m.Hash, grid.Thousands(m.CompactRevision))
			if m.Err != "" {
				line = fmt.Sprintf("%-16s %s", m.Member, m.Err)
			}
			report(line)
		}
		if c.Differing {
			return "", errors.New(c.Verdict())
		}
		return c.Verdict(), nil
	})
}
