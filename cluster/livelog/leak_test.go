package livelog

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestCloseLeavesNoGoroutine(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image=web:1", "--replicas=2")
	readyPods(t, c, ns, "app=web", 2)
	run := func() {
		l := Open(t.Context(), c.Cluster, Query{Namespace: ns})
		until(t, l, "both logs", func(s *Snapshot) bool { return s.Synced && len(s.Sources) == 2 })
		l.Close()
	}
	run() // the connection, which stays, is made here
	before := goleak.IgnoreCurrent()
	run()
	goleak.VerifyNone(t, before)
}
