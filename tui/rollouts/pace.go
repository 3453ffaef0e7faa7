package rollouts

import (
	"fmt"
	"time"

	"github.com/podarium/podarium/cluster/rollout"
)

// pace guesses when a rollout will be done, from how fast it has gone on since it was first seen.
type pace struct {
	since time.Time
	from  int32
}

// see looks at the rollout as it is at a time.
func (g *pace) see(p *rollout.Progress, now time.Time) {
	switch {
	case p.Done || !p.Synced:
		*g = pace{}
	case g.since.IsZero():
		*g = pace{since: now, from: newReady(p)}
	}
}

// left is how long the rollout will take at its pace; 0 where that cannot be told.
func (g pace) left(p *rollout.Progress, now time.Time) time.Duration {
	if g.since.IsZero() || p.Stuck || p.Paused {
		return 0
	}
	done := newReady(p)
	gone := done - g.from
	rest := p.Desired - done
	if gone <= 0 || rest <= 0 {
		return 0
	}
	return now.Sub(g.since) / time.Duration(gone) * time.Duration(rest)
}

// newReady is how many Pods of the newest revision are ready.
func newReady(p *rollout.Progress) int32 {
	if len(p.Pods) == 0 { // known by its own status only
		return min(p.Updated, p.Available)
	}
	n := int32(0)
	for _, pod := range p.Pods {
		if pod.New && pod.Ready && !pod.Deleting {
			n++
		}
	}
	return n
}

// about is a guess in words, empty where there is none.
func about(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return fmt.Sprintf("about %s", d.Round(time.Second))
}
