package livetable

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestCloseLeavesNoGoroutine(t *testing.T) {
	c, ns := clustertest.Shared(t)
	run := func() {
		table := Open(t.Context(), c.Cluster, Query{Resource: configMaps, Namespace: ns})
		until(t, table, "the list", func(s *Snapshot) bool { return s.Synced })
		table.Close()
	}
	run() // the connection, which stays, is made here
	before := goleak.IgnoreCurrent()
	run()
	goleak.VerifyNone(t, before)
}
