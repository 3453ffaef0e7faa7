//go:build unix

package main

import (
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui/ptytest"
)

// TestPlainUIOffersTheContexts opens podarium without a word, with a kubeconfig beside it whose contexts lead to a real cluster, to
// nowhere, and to what looks like production.
func TestPlainUIOffersTheContexts(t *testing.T) {
	c, _ := clustertest.Shared(t)
	config, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	there := config.Contexts[config.CurrentContext]
	config.Clusters["nowhere"] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}
	config.Contexts = map[string]*clientcmdapi.Context{
		"staging": there, "prod-eu": there, "nowhere": {Cluster: "nowhere", AuthInfo: there.AuthInfo},
	}
	config.CurrentContext = "staging"
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	ui := ptytest.Open(t, ptytest.Options{Args: []string{"--data-dir", c.DataDir}, Env: []string{"KUBECONFIG=" + file}})
	ui.Wait("all up")
	ui.Command("ctx")
	ui.Wait("Clusters", "nowhere", "prod-eu", "read-only", "staging")
	ui.Keys("esc")
	ui.Command("tab staging")
	ui.Wait("podarium  staging", "2 staging", "v1.37.2")
	ui.Command("tab prod-eu")
	ui.Wait("podarium  prod-eu  read-only", "3 prod-eu")
	ui.Command("tab nowhere")
	ui.Wait("podarium  nowhere", "4 nowhere", "is the cluster running?")
	ui.Keys("alt+2")
	ui.Wait("podarium  staging")
	ui.Command("q")
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d; the screen is\n%s", code, ui.Screen())
	}
	restored(t, ui)
}
