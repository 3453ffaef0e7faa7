package main

import (
	"context"
	"errors"
	"time"

	"k8s.io/klog/v2"

	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/recorder"
)

// patience is how long the recording leaves the machine to the start of the cluster. Nothing is missed meanwhile: etcd
// still has it all.
const patience = 5 * time.Second

// record keeps the history of the cluster's etcd beyond compaction, in its data directory, from when the cluster is ready
// until stop is called. A failure is logged and ends the recording alone.
func record(s *embedded.Server) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.Ready():
		case <-time.After(patience):
		case <-s.Done():
			return
		case <-ctx.Done():
			return
		}
		r, err := recorder.Open(s.Cluster().EtcdHistory(), recorder.Options{})
		if err == nil {
			err = r.Run(ctx, etcdview.New(s.Cluster().Etcd()))
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			klog.ErrorS(err, "The history of etcd is not recorded any more")
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
