package tui_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/screentest"
	"github.com/podarium/podarium/tui/tuitest"
)

// blackHole is the address of a server that takes connections and never says a word.
func blackHole(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "https://" + l.Addr().String() // nobody accepts: the kernel does, and that is all
}

// contexts are the options of a UI on one cluster, with others at addresses that do not answer.
func contexts(t *testing.T, on *cluster.Cluster, others map[string]string) tui.Options {
	t.Helper()
	return tui.Options{
		Cluster: on,
		Contexts: func(context.Context) ([]tui.Context, error) {
			var all []tui.Context
			for name, host := range others {
				all = append(all, tui.Context{Name: name, Server: host, ReadOnly: strings.HasPrefix(name, "prod")})
			}
			return all, nil
		},
		Switch: func(_ context.Context, name string) (*cluster.Cluster, error) {
			return cluster.New(cluster.Options{Name: name, Config: &rest.Config{Host: others[name]}, ReadOnly: strings.HasPrefix(name, "prod")})
		},
	}
}

func TestTabsKeepWhatEachClusterShows(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := tuitest.New(t, contexts(t, c.Cluster, map[string]string{"prod-eu": blackHole(t)}))
	d.Command("cm " + ns)
	d.Wait(ns+" / configmaps", "kube-root-ca.crt")
	d.Keys("ctrl+t")
	d.Wait("Open in a new tab", "prod-eu")
	d.Keys("G", "enter")
	d.Wait("podarium  prod-eu  read-only", " 1 test ", " 2 prod-eu ")

	longest := time.Duration(0)
	for _, k := range []string{"j", ":", "p", "o", "enter", "?", "esc", "/", "x", "esc", "N", "0", "alt+1", "alt+2", "ctrl+pgup", "ctrl+pgdown", "["} {
		start := time.Now()
		d.Keys(k)
		_ = d.Screen()
		longest = max(longest, time.Since(start))
	}
	if longest > time.Second { // the cluster's silence would take its timeout; drawing takes milliseconds
		t.Errorf("a key took %s", longest)
	}

	d.Keys("alt+1")
	d.Wait("podarium  test", ns+" / configmaps", "kube-root-ca.crt")
	d.Keys("y")
	d.Wait("configmaps / kube-root-ca.crt", "BEGIN CERTIFICATE")
	d.Keys("alt+2")
	d.Wait("podarium  prod-eu  read-only")
	d.Keys("alt+w")
	d.Wait("podarium  test", "configmaps / kube-root-ca.crt", "BEGIN CERTIFICATE")
	d.WaitGone("prod-eu")
	d.Command("close")
	d.Wait("this is the only cluster that is open")
}

func TestTabLine(t *testing.T) {
	hole := blackHole(t)
	others := map[string]string{"staging": hole, "prod-eu": hole, "a-context-with-a-rather-long-name-as-clouds-give-them": hole}
	c, err := cluster.New(cluster.Options{Name: "dev", Config: &rest.Config{Host: hole}})
	if err != nil {
		t.Fatal(err)
	}
	d := tuitest.New(t, contexts(t, c, others))
	for _, name := range []string{"staging", "prod-eu", "a-context-with-a-rather-long-name-as-clouds-give-them"} {
		d.Command("tab " + name)
		d.Wait("podarium  " + name[:7])
	}
	d.Keys("alt+3")
	for _, size := range screentest.Sizes {
		d.Resize(size[0], size[1])
		lines := strings.Split(d.Screen(), "\n")
		if got := lines[1]; !strings.Contains(got, "1 dev") || !strings.Contains(got, "3 prod-eu") || !strings.Contains(got, "4 a-context-with") {
			t.Errorf("%dx%d: the tabs are %q", size[0], size[1], got)
		}
	}
}
