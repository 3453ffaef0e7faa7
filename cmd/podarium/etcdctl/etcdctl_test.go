package etcdctl

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/podarium/podarium/cluster/embedded"
)

func TestContainersRunNoProgramsByEtcdctl(t *testing.T) {
	for line, ok := range map[string]bool{
		"get / --prefix --keys-only":                         true,
		"watch /registry --prefix":                           true,
		"watch -w=json /registry --prefix":                   true,
		"-w simple watch --prefix /registry":                 true,
		"lock name":                                          true,
		"lock --ttl 10 name":                                 true,
		"put lock watch":                                     true,
		"get watch -- lock":                                  true,
		"watch /registry -- sh -c id":                        false,
		"watch /registry --prefix -- sh":                     false,
		"watch -i":                                           false,
		"watch --interactive":                                false,
		"wat -i":                                             false,
		"--endpoints a:1 watch k -- sh":                      false,
		"--endpoints=a:1 --hex wa k -- sh":                   false,
		"lock name sh":                                       false,
		"lock name -- sh":                                    false,
		"loc --ttl 10 name sh":                               false,
		"lock --ttl=10 name sh -c id":                        false,
		"--debug --command-timeout 5s lock --ttl=10 name id": false,
	} {
		if err := refuse(strings.Fields(line)); (err == nil) != ok {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// When this fails after an upgrade of grpc, the way by which etcdctl dials on the virtual network has gone.
func TestGRPCTakesADialerForAllClients(t *testing.T) {
	if _, ok := addGlobalDialOptions.(func(...grpc.DialOption)); !ok {
		t.Fatalf("google.golang.org/grpc/internal.AddGlobalDialOptions is a %T", addGlobalDialOptions)
	}
}

func TestContainersDialNoOtherSocket(t *testing.T) {
	dial := dialer(embedded.EtcdctlPlace{Socket: "/data/etcd.sock"})
	for _, a := range []string{"unix:///run/containerd/containerd.sock", "unix:/data/etcd.sock.d/x"} {
		if _, err := dial(context.Background(), a); err == nil || !strings.Contains(err.Error(), "not a socket of this container") {
			t.Errorf("%s: %v", a, err)
		}
	}
}
