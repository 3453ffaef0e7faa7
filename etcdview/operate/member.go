package operate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview"
)

// electorate is who votes in a cluster, and how many of them answer.
type electorate struct{ voters, well int }

func electorateOf(o *etcdview.Overview) electorate {
	var e electorate
	for i := range o.Members {
		m := &o.Members[i]
		if m.Learner {
			continue
		}
		e.voters++
		if m.Err == "" {
			e.well++
		}
	}
	return e
}

func quorum(voters int) int { return voters/2 + 1 }

// change says what another number of voters means.
func (e electorate) change(now electorate) []string {
	lines := []string{fmt.Sprintf("%s, of which %d must agree, become %s, of which %d must agree",
		count(e.voters, "voting member"), quorum(e.voters), count(now.voters, "voting member"), quorum(now.voters))}
	if now.voters%2 == 0 {
		lines = append(lines, "an even number survives no more failures than one less")
	}
	return lines
}

// PlanMemberAdd plans to add a member, that is then to be started with what Do returns. A new voting member counts for
// the quorum before it has joined: it is refused where the cluster could not go on without it. A learner does not count.
func PlanMemberAdd(ctx context.Context, s *etcdview.Store, name string, peerURLs []string, learner bool) (*Operation, error) {
	if name == "" {
		return nil, fmt.Errorf("%w: the new member has no name", ErrRefused)
	}
	o, err := s.Overview(ctx)
	if err != nil {
		return nil, err
	}
	if err := peers(o, nil, peerURLs); err != nil {
		return nil, err
	}
	for i := range o.Members {
		if o.Members[i].Name == name {
			return nil, fmt.Errorf("%w: there is a member %s already", ErrRefused, name)
		}
	}
	op := &Operation{Name: "member add", Target: name, Confirm: "yes"}
	if learner {
		op.Preview = []string{fmt.Sprintf("add %s at %s as a learner: it receives everything and does not vote; 'member promote' makes it vote", name, strings.Join(peerURLs, ", "))}
	} else {
		was := electorateOf(o)
		now := electorate{was.voters + 1, was.well}
		if now.well < quorum(now.voters) {
			return nil, fmt.Errorf("%w: until %s has joined, %d of %d voting members would answer, and %d must: nothing could be written. Add it as a learner, and promote it when it has caught up",
				ErrRefused, name, now.well, now.voters, quorum(now.voters))
		}
		op.Confirm = name
		op.Preview = append([]string{fmt.Sprintf("add %s at %s as a voting member", name, strings.Join(peerURLs, ", "))}, was.change(now)...)
		op.Preview = append(op.Preview, fmt.Sprintf("until it has joined, the cluster stands %s", count(now.well-quorum(now.voters), "more failure")))
	}
	op.do = func(ctx context.Context, report func(string)) (string, error) {
		add := s.Client().MemberAdd
		if learner {
			add = s.Client().MemberAddAsLearner
		}
		var r *clientv3.MemberAddResponse
		err := s.Request(ctx, func(ctx context.Context) (err error) {
			r, err = add(ctx, peerURLs)
			return err
		})
		if err != nil {
			return "", memberError("add member", name, err)
		}
		var initial []string
		for _, m := range r.Members {
			n := m.Name
			if m.ID == r.Member.ID {
				n = name
			}
			for _, u := range m.PeerURLs {
				initial = append(initial, n+"="+u)
			}
		}
		slices.Sort(initial)
		report("start the new member with:")
		report("ETCD_NAME=" + name)
		report("ETCD_INITIAL_CLUSTER=" + strings.Join(initial, ","))
		report("ETCD_INITIAL_ADVERTISE_PEER_URLS=" + strings.Join(peerURLs, ","))
		report("ETCD_INITIAL_CLUSTER_STATE=existing")
		return fmt.Sprintf("added %s as %x", name, r.Member.ID), nil
	}
	return op, nil
}

// memberError adds to etcd's errors what to do about them.
func memberError(what, name string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, rpctypes.ErrUnhealthy):
		hint = " (etcd wants all its members to have been connected for five seconds: try again)"
	case errors.Is(err, rpctypes.ErrMemberLearnerNotReady):
		hint = " (try again when it has caught up)"
	}
	return fmt.Errorf("etcd: %s %s: %w%s", what, name, err, hint)
}

// peers refuses addresses that no member can have. Self may go on using its own.
func peers(o *etcdview.Overview, self *etcdview.Member, urls []string) error {
	if len(urls) == 0 {
		return fmt.Errorf("%w: a member needs a peer URL, such as https://10.0.0.4:2380", ErrRefused)
	}
	for _, u := range urls {
		p, err := url.Parse(u)
		if err != nil {
			return fmt.Errorf("%w: peer URL %s: %w", ErrRefused, u, err)
		}
		if p.Scheme != "http" && p.Scheme != "https" && p.Scheme != "unix" && p.Scheme != "unixs" || p.Host == "" && p.Path == "" {
			return fmt.Errorf("%w: %s is no peer URL, such as https://10.0.0.4:2380", ErrRefused, u)
		}
		for i := range o.Members {
			m := &o.Members[i]
			if m != self && slices.Contains(m.PeerURLs, u) {
				return fmt.Errorf("%w: %s is the peer URL of %s", ErrRefused, u, title(m))
			}
		}
	}
	return nil
}

// PlanMemberPromote plans to let a learner vote. etcd itself refuses one that has not caught up.
func PlanMemberPromote(ctx context.Context, s *etcdview.Store, which string) (*Operation, error) {
	o, err := s.Overview(ctx)
	if err != nil {
		return nil, err
	}
	m, id, err := member(o, which)
	if err != nil {
		return nil, err
	}
	if !m.Learner {
		return nil, fmt.Errorf("%w: %s votes already", ErrRefused, title(m))
	}
	if m.Err != "" {
		return nil, fmt.Errorf("%w: %s does not answer: %s", ErrRefused, title(m), m.Err)
	}
	was := electorateOf(o)
	preview := []string{fmt.Sprintf("let %s vote; log entries that it has yet to apply: %d", title(m), o.Lag(m))}
	return &Operation{Name: "member promote", Target: title(m), Confirm: "yes", Preview: append(preview, was.change(electorate{was.voters + 1, was.well + 1})...),
		do: func(ctx context.Context, _ func(string)) (string, error) {
			if err := s.Request(ctx, func(ctx context.Context) error { return second(s.Client().MemberPromote(ctx, id)) }); err != nil {
				return "", memberError("promote", title(m), err)
			}
			return title(m) + " votes", nil
		}}, nil
}

// PlanMemberRemove plans to remove a member for good: it stops, and its data is of no more use. It is refused where the
// others could not go on without it.
func PlanMemberRemove(ctx context.Context, s *etcdview.Store, which string) (*Operation, error) {
	o, err := s.Overview(ctx)
	if err != nil {
		return nil, err
	}
	m, id, err := member(o, which)
	if err != nil {
		return nil, err
	}
	op := &Operation{Name: "member remove", Target: title(m), Confirm: title(m)}
	op.Preview = []string{fmt.Sprintf("remove %s (%s) for good: it stops, and can come back only as a new member with an empty data directory", title(m), m.ID)}
	if !m.Learner {
		was := electorateOf(o)
		now := electorate{was.voters - 1, was.well}
		if m.Err == "" {
			now.well--
		}
		if now.voters == 0 {
			return nil, fmt.Errorf("%w: %s is the only voting member", ErrRefused, title(m))
		}
		if now.well < quorum(now.voters) {
			return nil, fmt.Errorf("%w: of the %s that are left %d would answer, and %d must: nothing could be written", ErrRefused,
				count(now.voters, "voting member"), now.well, quorum(now.voters))
		}
		op.Preview = append(op.Preview, was.change(now)...)
	}
	if m.Leader {
		op.Preview = append(op.Preview, "it leads: there is no leader until the others have elected one; 'move-leader' first is gentler")
	}
	op.do = func(ctx context.Context, _ func(string)) (string, error) {
		if err := s.Request(ctx, func(ctx context.Context) error { return second(s.Client().MemberRemove(ctx, id)) }); err != nil {
			return "", memberError("remove", title(m), err)
		}
		return title(m) + " is removed", nil
	}
	return op, nil
}

// PlanMemberUpdate plans to tell the others another address of a member.
func PlanMemberUpdate(ctx context.Context, s *etcdview.Store, which string, peerURLs []string) (*Operation, error) {
	o, err := s.Overview(ctx)
	if err != nil {
		return nil, err
	}
	m, id, err := member(o, which)
	if err != nil {
		return nil, err
	}
	if err := peers(o, m, peerURLs); err != nil {
		return nil, err
	}
	if slices.Equal(m.PeerURLs, peerURLs) {
		return nil, fmt.Errorf("%w: the peer URLs of %s are %s already", ErrRefused, title(m), strings.Join(peerURLs, ", "))
	}
	return &Operation{Name: "member update", Target: title(m), Confirm: "yes",
		Preview: []string{
			fmt.Sprintf("peer URLs of %s: %s → %s", title(m), strings.Join(m.PeerURLs, ", "), strings.Join(peerURLs, ", ")),
			"the others reach it there from then on: it must listen there",
		},
		do: func(ctx context.Context, _ func(string)) (string, error) {
			if err := s.Request(ctx, func(ctx context.Context) error { return second(s.Client().MemberUpdate(ctx, id, peerURLs)) }); err != nil {
				return "", memberError("update", title(m), err)
			}
			return fmt.Sprintf("%s is at %s", title(m), strings.Join(peerURLs, ", ")), nil
		}}, nil
}
