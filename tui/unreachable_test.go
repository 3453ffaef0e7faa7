package tui_test

import (
	"context"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// closed is the address of a server that is gone.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return "https://" + l.Addr().String()
}

// TestClustersThatCannotBeReached opens each in a tab beside one that can: it says why in words, and no key waits for it.
func TestClustersThatCannotBeReached(t *testing.T) {
	c, ns := clustertest.Shared(t)
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0) // that it is not trusted is what the test is about
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	plugin := filepath.Join(t.TempDir(), "login")
	if err := os.WriteFile(plugin, []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	real := c.Config()
	authority := rest.TLSClientConfig{CAData: real.CAData, CAFile: real.CAFile}
	wrongName := authority
	wrongName.ServerName = "elsewhere.example.com"
	configs := map[string]*rest.Config{
		"silent":   {Host: blackHole(t)},
		"gone":     {Host: closed(t)},
		"stranger": {Host: stranger.URL, TLSClientConfig: authority},
		"misnamed": {Host: real.Host, TLSClientConfig: wrongName},
		"expired":  {Host: real.Host, TLSClientConfig: authority, BearerToken: "was-good-yesterday"},
		"plugin": {Host: real.Host, TLSClientConfig: authority, ExecProvider: &clientcmdapi.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: plugin, InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
		}},
	}
	words := map[string]string{
		"silent": "no answer in time", "gone": "is the cluster running?", "stranger": "authority that is not trusted", "misnamed": "is not for elsewhere.example.com",
		"expired": "not logged in", "plugin": "credential plugin fails",
	}
	d := tuitest.New(t, tui.Options{
		Cluster: c.Cluster,
		Contexts: func(context.Context) (all []tui.Context, _ error) {
			for _, name := range slices.Sorted(maps.Keys(configs)) {
				all = append(all, tui.Context{Name: name, Server: configs[name].Host})
			}
			return all, nil
		},
		Switch: func(_ context.Context, name string) (*cluster.Cluster, error) {
			return cluster.New(cluster.Options{Name: name, Config: configs[name]})
		},
	})
	d.Command("cm " + ns)
	d.Wait(ns+" / configmaps", "kube-root-ca.crt")
	longest := time.Duration(0)
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		d.Command("tab " + name)
		d.Wait("podarium  " + name)
		for _, k := range []string{":", "p", "o", "enter", "?", "esc", "/", "x", "esc", "j", "0"} {
			start := time.Now()
			d.Keys(k)
			_ = d.Screen()
			longest = max(longest, time.Since(start))
		}
		d.Wait(words[name])
	}
	if longest > time.Second { // the silence of a cluster takes its timeout, ten and more; drawing takes milliseconds
		t.Errorf("a key took %s", longest)
	}
	d.Keys("alt+1")
	d.Wait("podarium  test", "kube-root-ca.crt")
}

// TestTwoClusters has two real ones side by side: each tab has its own objects, changes, undo and read-only.
func TestTwoClusters(t *testing.T) {
	one, ns := clustertest.Shared(t)
	other := clustertest.Start(t, clustertest.Options{Nodes: -1})
	other.Kubectl(t, "create", "namespace", ns)
	other.Kubectl(t, "-n", ns, "create", "configmap", "over-there", "--from-literal=k=v")
	one.Kubectl(t, "-n", ns, "create", "configmap", "over-here", "--from-literal=k=v")
	d := tuitest.New(t, tui.Options{
		Cluster: one.Cluster,
		Contexts: func(context.Context) ([]tui.Context, error) {
			return []tui.Context{{Name: "prod", ReadOnly: true}}, nil
		},
		Switch: func(context.Context, string) (*cluster.Cluster, error) {
			return cluster.New(cluster.Options{Name: "prod", Config: other.Config(), ReadOnly: true})
		},
	})
	d.Command("cm " + ns + " /over")
	d.Wait(ns+" / configmaps", "over-here", "1 of")
	d.Command("tab prod")
	d.Wait("podarium  prod  read-only", "1 test", "2 prod")
	d.Command("cm " + ns + " /over")
	d.Wait(ns+" / configmaps", "over-there")
	d.Keys("ctrl+d")
	d.Wait("read-only")
	d.Command("readonly off")
	d.Wait("Allow changes")
	d.Keys("y")
	d.WaitGone("prod  read-only")
	d.Keys("ctrl+d")
	d.Wait("Delete configmaps over-there")
	d.Keys("enter")
	d.Wait("This will change", "delete configmap/over-there")

	d.Keys("alt+1") // the question waits in its own tab
	d.Wait("over-here", "2 prod ?")
	d.Keys("ctrl+d")
	d.Wait("Delete configmaps over-here")
	d.Keys("enter")
	d.Wait("This will change", "delete configmap/over-here")
	d.Keys("y")
	d.Wait("done: delete configmap/over-here")
	d.Keys("alt+2")
	d.Wait("delete configmap/over-there")
	d.Keys("y")
	d.Wait("done: delete configmap/over-there")
	d.Keys("U")
	d.Wait("This will change", "over-there")
	d.Keys("y")
	d.Wait("done: undo: delete configmap/over-there")
	if got := other.Kubectl(t, "-n", ns, "get", "configmaps", "-o", "name"); !strings.Contains(got, "configmap/over-there") {
		t.Errorf("over there: %s", got)
	}
	if got := one.Kubectl(t, "-n", ns, "get", "configmaps", "-o", "name"); strings.Contains(got, "configmap/over-here") || strings.Contains(got, "configmap/over-there") {
		t.Errorf("over here: %s", got)
	}
}
