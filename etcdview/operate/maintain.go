package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview"
)

// PlanCompact plans to forget all revisions before one. Watches and paged lists at older revisions end: API servers do
// this every five minutes by themselves. Physical waits until the space is free within the file.
func PlanCompact(ctx context.Context, s *etcdview.Store, rev int64, physical bool) (*Operation, error) {
	now, err := s.Revision(ctx)
	if err != nil {
		return nil, err
	}
	if rev <= 0 || rev > now {
		return nil, fmt.Errorf("%w: revision %d is not between 1 and %d, the newest", ErrRefused, rev, now)
	}
	oldest, err := s.CompactRevision(ctx)
	if err != nil {
		return nil, err
	}
	if rev <= oldest {
		return nil, fmt.Errorf("%w: everything before revision %d is compacted already", ErrRefused, oldest)
	}
	return &Operation{Name: "compact", Target: fmt.Sprint(rev), Confirm: "yes",
		Preview: []string{
			fmt.Sprintf("forget all revisions before %d, of %d to %d: history ends there, watches and paged lists at older revisions end", rev, max(oldest, 1), now),
			"the file does not shrink: defrag does that",
		},
		do: func(ctx context.Context, _ func(string)) (string, error) {
			var opts []clientv3.CompactOption
			bounded := s.Request
			if physical { // which takes its time
				opts = append(opts, clientv3.WithCompactPhysical())
				bounded = func(ctx context.Context, do func(context.Context) error) error { return do(ctx) }
			}
			if err := bounded(ctx, func(ctx context.Context) error { return second(s.Client().Compact(ctx, rev, opts...)) }); err != nil {
				if errors.Is(err, rpctypes.ErrCompacted) {
					return "", fmt.Errorf("%w: revision %d is compacted already", ErrRefused, rev)
				}
				return "", fmt.Errorf("etcd: compact: %w", err)
			}
			return fmt.Sprintf("compacted: the oldest revision is %d", rev), nil
		}}, nil
}

// PlanDefragment plans to give back what the files of the members do not use, one member after another, the leader last.
// A member answers nothing meanwhile. It is refused where a member is ill or CORRUPT is raised, and Do stops where one
// does not come back.
func PlanDefragment(ctx context.Context, s *etcdview.Store) (*Operation, error) {
	o, err := s.Overview(ctx)
	if err != nil {
		return nil, err
	}
	if err := healthy(o); err != nil {
		return nil, err
	}
	op := &Operation{Name: "defrag", Confirm: "yes", Preview: []string{"defragment one member after another; each answers nothing meanwhile: some seconds for each GB"}}
	order := leaderLast(o)
	for _, m := range order {
		role := "follower"
		switch {
		case m.Leader && len(order) > 1:
			role = "leader, last: no writes meanwhile"
		case m.Leader:
			role = "the only member: no reads and writes meanwhile"
		case m.Learner:
			role = "learner"
		}
		op.Preview = append(op.Preview, fmt.Sprintf("%s: %s of %s in use, %s to give back (%s)", title(&m), etcdview.Size(m.InUse), etcdview.Size(m.Size),
			etcdview.Size(max(0, m.Size-m.InUse)), role))
	}
	op.do = func(ctx context.Context, report func(string)) (string, error) {
		left := slices.Clone(order)
		now, err := wellNow(ctx, s) // since it was planned somebody has read the preview
		for err == nil && len(left) > 0 {
			var m etcdview.Member
			m, left = leaderIsLast(now, left)
			now, err = defragment(ctx, s, m, report)
			if err != nil {
				left = append(left, m)
			}
		}
		if err != nil {
			return "", fmt.Errorf("%d of %d done: %w", len(order)-len(left), len(order), err)
		}
		return "defragmented " + count(len(order), "member"), nil
	}
	return op, nil
}

// wellNow is the cluster as it is, if nothing is wrong with it.
func wellNow(ctx context.Context, s *etcdview.Store) (*etcdview.Overview, error) {
	o, err := s.Overview(ctx)
	if err != nil {
		return nil, err
	}
	return o, healthy(o)
}

// leaderIsLast picks the next of the members that are left: the first that does not lead now.
func leaderIsLast(now *etcdview.Overview, left []etcdview.Member) (next etcdview.Member, rest []etcdview.Member) {
	i := max(0, slices.IndexFunc(left, func(m etcdview.Member) bool {
		return !slices.ContainsFunc(now.Members, func(n etcdview.Member) bool { return n.ID == m.ID && n.Leader })
	}))
	return left[i], slices.Delete(slices.Clone(left), i, i+1)
}

func leaderLast(o *etcdview.Overview) []etcdview.Member {
	var order []etcdview.Member
	for _, leader := range []bool{false, true} {
		for _, m := range o.Members {
			if m.Leader == leader {
				order = append(order, m)
			}
		}
	}
	return order
}

// defragment does one member, and sees to it that it is back, and all is well, before the next.
func defragment(ctx context.Context, s *etcdview.Store, m etcdview.Member, report func(string)) (*etcdview.Overview, error) {
	start := time.Now()
	// Past the client, which waits for ever for a member that has gone; and once: a second call would only wait for the first.
	conn, err := s.Client().Dial(m.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("etcd: dial %s: %w", title(&m), err)
	}
	defer conn.Close()
	if _, err := etcdserverpb.NewMaintenanceClient(conn).Defragment(ctx, &etcdserverpb.DefragmentRequest{}); err != nil {
		return nil, fmt.Errorf("etcd: defragment %s: %w", title(&m), err)
	}
	took := time.Since(start)
	now, err := wellNow(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("after %s: %w", title(&m), err)
	}
	for _, after := range now.Members {
		if after.ID == m.ID {
			report(fmt.Sprintf("%s: %s → %s in %s", title(&m), etcdview.Size(m.Size), etcdview.Size(after.Size), took.Round(time.Millisecond)))
		}
	}
	return now, nil
}

func healthy(o *etcdview.Overview) error {
	if o.Err != "" {
		return fmt.Errorf("%w: %s", ErrRefused, o.Err)
	}
	for _, a := range o.Alarms {
		if a.Type == "CORRUPT" {
			return fmt.Errorf("%w: member %s has raised CORRUPT", ErrRefused, a.Member)
		}
	}
	led := false
	for _, m := range o.Members {
		if m.Err != "" {
			return fmt.Errorf("%w: member %s does not answer: %s", ErrRefused, title(&m), m.Err)
		}
		led = led || m.Leader
	}
	if !led {
		return fmt.Errorf("%w: there is no leader", ErrRefused)
	}
	return nil
}

// PlanDisarm plans to take back all alarms. NOSPACE comes back with the next write where the space is still short.
func PlanDisarm(ctx context.Context, s *etcdview.Store) (*Operation, error) {
	alarms, err := s.Alarms(ctx)
	if err != nil {
		return nil, err
	}
	op := &Operation{Name: "disarm"}
	for _, a := range alarms {
		line := fmt.Sprintf("take back %s of member %s", a.Type, a.Member)
		switch a.Type {
		case "NOSPACE":
			line += ": compact and defrag come first, or it is back with the next write"
		case "CORRUPT":
			line += ": its data differs from that of the others, and is served again"
		}
		op.Preview, op.Confirm = append(op.Preview, line), "yes"
	}
	if len(alarms) == 0 {
		op.Preview = []string{"no alarm is raised: there is nothing to take back"}
	}
	op.do = func(ctx context.Context, _ func(string)) (string, error) {
		if err := s.Request(ctx, func(ctx context.Context) error { return second(s.Client().AlarmDisarm(ctx, &clientv3.AlarmMember{})) }); err != nil {
			return "", fmt.Errorf("etcd: disarm: %w", err)
		}
		return "alarms taken back", nil
	}
	return op, nil
}

// PlanMoveLeader plans to make another member the leader.
func PlanMoveLeader(ctx context.Context, s *etcdview.Store, which string) (*Operation, error) {
	o, err := s.Overview(ctx)
	if err != nil {
		return nil, err
	}
	target, id, err := member(o, which)
	if err != nil {
		return nil, err
	}
	var leader *etcdview.Member
	for i := range o.Members {
		if o.Members[i].Leader {
			leader = &o.Members[i]
		}
	}
	switch {
	case leader == nil:
		return nil, fmt.Errorf("%w: there is no leader", ErrRefused)
	case target == leader:
		return nil, fmt.Errorf("%w: %s is the leader already", ErrRefused, title(target))
	case target.Learner:
		return nil, fmt.Errorf("%w: %s is a learner", ErrRefused, title(target))
	case target.Err != "":
		return nil, fmt.Errorf("%w: %s does not answer: %s", ErrRefused, title(target), target.Err)
	}
	return &Operation{Name: "move-leader", Target: title(target), Confirm: "yes",
		Preview: []string{fmt.Sprintf("make %s the leader instead of %s", title(target), title(leader))},
		do: func(ctx context.Context, _ func(string)) (string, error) {
			// Only the leader takes the request, so it goes there past the client's choice of members.
			conn, err := s.Client().Dial(leader.Endpoint)
			if err != nil {
				return "", fmt.Errorf("etcd: dial %s: %w", title(leader), err)
			}
			defer conn.Close()
			if err := s.Request(ctx, func(ctx context.Context) error {
				return second(etcdserverpb.NewMaintenanceClient(conn).MoveLeader(ctx, &etcdserverpb.MoveLeaderRequest{TargetID: id}))
			}); err != nil {
				return "", fmt.Errorf("etcd: move leader to %s: %w", title(target), err)
			}
			return title(target) + " leads", nil
		}}, nil
}
