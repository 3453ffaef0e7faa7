package main

import (
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview/etcdtest"
)

// TestEtcdIsWellWhileOneMemberAnswers takes endpoints of which the first is nobody's.
func TestEtcdIsWellWhileOneMemberAnswers(t *testing.T) {
	server := etcdtest.Start(t)
	for want, endpoints := range map[cluster.State][]string{cluster.Ready: {"unix:///nobody", server.Endpoint}, cluster.Failed: {"unix:///nobody"}} {
		c, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: time.Second, Logger: zap.NewNop()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s, err := etcdStatus(c)(t.Context())
		if err != nil || s.Components[0].State != want || (s.EtcdVersion != "") != (want == cluster.Ready) {
			t.Errorf("%v: %+v, %v", endpoints, s, err)
		}
	}
}
