package rollout

import (
	"testing"

	"go.uber.org/goleak"
)

func TestCloseLeavesNoGoroutine(t *testing.T) {
	w := newWorld(t)
	ref := w.deploy("web", "nginx:1", 1)
	run := func() {
		l := Watch(t.Context(), w.c.Cluster, ref)
		w.until(l, "everything to be read", func(p *Progress) bool { return p.Synced })
		l.Close()
	}
	run() // the connection, which stays, is made here
	before := goleak.IgnoreCurrent()
	run()
	goleak.VerifyNone(t, before)
}
