package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/podarium/podarium/etcdview"
)

// fullAt is the part of the quota from which on a member counts as full still: to take NOSPACE back then is of no use.
const fullAt = 0.95

// PlanReclaim plans what a database that has grown to its quota wants, in the one order in which it helps: forget all
// revisions but the newest, defragment every member, the leader last, and take NOSPACE back where there is space then.
func PlanReclaim(ctx context.Context, s *etcdview.Store) (*Operation, error) {
	defrag, err := PlanDefragment(ctx, s)
	if err != nil {
		return nil, err
	}
	now, err := s.Revision(ctx)
	if err != nil {
		return nil, err
	}
	oldest, err := s.CompactRevision(ctx)
	if err != nil {
		return nil, err
	}
	alarms, err := s.Alarms(ctx)
	if err != nil {
		return nil, err
	}
	op := &Operation{Name: "reclaim", Confirm: "yes"}
	op.Preview = []string{fmt.Sprintf("1. compact: forget all revisions before %d, of %d to %d: history ends there, watches and paged lists at older revisions end", now, max(oldest, 1), now)}
	op.Preview = append(op.Preview, "2. "+defrag.Preview[0])
	for _, line := range defrag.Preview[1:] {
		op.Preview = append(op.Preview, "   "+line)
	}
	op.Preview = append(op.Preview, "   what compacting frees comes on top")
	last := "3. no alarm is raised: there is none to take back"
	if nospace(alarms) {
		last = fmt.Sprintf("3. take NOSPACE back, where every member is below %.0f %% of its quota then", 100*fullAt)
	}
	op.Preview = append(op.Preview, last)
	op.do = func(ctx context.Context, report func(string)) (string, error) {
		before, err := s.Overview(ctx)
		if err != nil {
			return "", err
		}
		if err := compactAll(ctx, s, report); err != nil {
			return "", err
		}
		again, err := PlanDefragment(ctx, s)
		if err != nil {
			return "", err
		}
		if _, err := again.do(ctx, report); err != nil {
			return "", err
		}
		return disarmWhereFree(ctx, s, largestOf(before).Size)
	}
	return op, nil
}

// compactAll forgets all revisions but the newest, and waits until their space is free within the file.
func compactAll(ctx context.Context, s *etcdview.Store, report func(string)) error {
	now, err := s.Revision(ctx)
	if err != nil {
		return err
	}
	op, err := PlanCompact(ctx, s, now, true)
	if errors.Is(err, ErrRefused) { // there is nothing to forget
		report(err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	done, err := op.do(ctx, report)
	if err == nil {
		report(done)
	}
	return err
}

// disarmWhereFree takes NOSPACE back, or says why that would be of no use.
func disarmWhereFree(ctx context.Context, s *etcdview.Store, before int64) (string, error) {
	o, err := s.Overview(ctx)
	if err != nil {
		return "", err
	}
	m := largestOf(o)
	result := fmt.Sprintf("%s → %s", etcdview.Size(before), etcdview.Size(m.Size))
	if !nospace(o.Alarms) {
		return result, nil
	}
	if m.Quota > 0 && float64(m.Size) > fullAt*float64(m.Quota) {
		return "", fmt.Errorf("%s: %s is still %.0f %% of the quota of %s, and NOSPACE stays: see what fills it ('space'), delete it, and do this once more", result, title(m), 100*float64(m.Size)/float64(m.Quota), etcdview.Size(m.Quota))
	}
	disarm, err := PlanDisarm(ctx, s)
	if err != nil {
		return "", err
	}
	done, err := disarm.do(ctx, nil)
	return result + "; " + done, err
}

func nospace(alarms []etcdview.Alarm) bool {
	for _, a := range alarms {
		if a.Type == "NOSPACE" {
			return true
		}
	}
	return false
}

func largestOf(o *etcdview.Overview) *etcdview.Member {
	m := &o.Members[0]
	for i := range o.Members {
		if o.Members[i].Size > m.Size {
			m = &o.Members[i]
		}
	}
	return m
}
