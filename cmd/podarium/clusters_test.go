//go:build unix

package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui/ptytest"
)

// TestAnyClusterOfTheKubeconfig attaches to a cluster by a kubeconfig and opens others of it in tabs: one that is in production, one
// that one logs in to by a credential plugin, and one that is gone, which no key waits for.
func TestAnyClusterOfTheKubeconfig(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "configmap", "colours", "--from-literal=sky=blue")
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(c.Kubectl(t, "-n", "kube-system", "create", "token", "namespace-controller"))
	config, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	here := config.Contexts[config.CurrentContext]
	config.Clusters["gone"] = &clientcmdapi.Cluster{Server: "https://" + nobody.Addr().String()}
	config.AuthInfos["by-plugin"] = &clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
		APIVersion: "client.authentication.k8s.io/v1", Command: "sh", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
		Args: []string{"-c", fmt.Sprintf(`echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'`, token)},
	}}
	config.Contexts["prod-eu"] = here
	config.Contexts["gone"] = &clientcmdapi.Context{Cluster: "gone", AuthInfo: here.AuthInfo}
	config.Contexts["login"] = &clientcmdapi.Context{Cluster: here.Cluster, AuthInfo: "by-plugin"}
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}

	ui := ptytest.Open(t, ptytest.Options{Args: []string{"attach", "--kubeconfig", file}})
	ui.Wait("NODES", "node-1")
	ui.Command("tab gone")
	ui.Wait("podarium  gone", "is the cluster running?")
	ui.Command("pods " + ns)
	answers(t, ui, "on a cluster that is gone")
	ui.Command("tab prod-eu")
	ui.Wait("prod-eu  read-only")
	ui.Command("cm " + ns + " /^colours")
	ui.Wait(" 1 of ", "▸ colours")
	ui.Keys("e")
	ui.Wait("the cluster is read-only")
	ui.Command("tab login")
	ui.Wait("podarium  login")
	ui.Command("ns")
	ui.Wait(ns, "Active")
	ui.Keys("alt+1")
	ui.Wait("podarium  "+config.CurrentContext, "2 gone ✗", "3 prod-eu", "4 login", "NODES")
	ui.Command("cm @prod-eu " + ns)
	ui.Wait("prod-eu  read-only", ns+" / configmaps")
	ui.Command("q")
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d; the screen is\n%s", code, ui.Screen())
	}
	restored(t, ui)
}
