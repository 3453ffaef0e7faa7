package tui_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/podarium/podarium/cluster/attached"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// kubeconfig writes a copy of a cluster's kubeconfig with something changed.
func kubeconfig(t *testing.T, c *clustertest.Cluster, change func(*clientcmdapi.Config)) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	change(config)
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// attach opens the UI on a kubeconfig.
func attach(t *testing.T, o attached.Options) *tuitest.Driver {
	t.Helper()
	c, err := attached.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return tuitest.New(t, tui.Options{Cluster: c})
}

// proxy is a real HTTP proxy that knows CONNECT, and counts the connections through it.
func proxy(t *testing.T) (url string, connections *atomic.Int32) {
	t.Helper()
	connections = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
			return
		}
		there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		w.WriteHeader(http.StatusOK)
		here, rest, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		connections.Add(1)
		go func() {
			_, _ = io.Copy(there, rest)
			_ = there.Close() // ends the other direction
		}()
		_, _ = io.Copy(here, there)
	}))
	t.Cleanup(s.CloseClientConnections)
	return s.URL, connections
}

// TestThroughAProxy reaches a cluster by the proxy-url of its kubeconfig: tables, a change, and a shell.
func TestThroughAProxy(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "run", "box", "--image=busybox", "--", "sleep", "3600")
	c.Kubectl(t, "-n", ns, "wait", "--for=condition=Ready", "pod/box", "--timeout=60s")
	url, connections := proxy(t)
	d := attach(t, attached.Options{Kubeconfig: kubeconfig(t, c, func(k *clientcmdapi.Config) {
		for _, cl := range k.Clusters {
			cl.ProxyURL = url
		}
	})})
	d.Command("po " + ns)
	d.Wait("box", "Running")
	before := connections.Load()
	if before == 0 {
		t.Error("nothing went through the proxy")
	}
	d.Keys("s")
	d.Wait("connected", "box:/#")
	d.Type("echo in $((40+2))")
	d.Keys("enter")
	d.Wait("in 42")
	d.Keys("ctrl+]", "q")
	if connections.Load() == before {
		t.Error("the shell did not go through the proxy")
	}

	gone := attach(t, attached.Options{Kubeconfig: kubeconfig(t, c, func(k *clientcmdapi.Config) {
		for _, cl := range k.Clusters {
			cl.ProxyURL = strings.Replace(closed(t), "https", "http", 1)
		}
	})})
	gone.Command("po " + ns)
	gone.Wait("the proxy does not answer", "proxy-url")
}

// TestWhoMayLittle looks at a cluster as a user with one namespace, and as one with none.
func TestWhoMayLittle(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image=nginx")
	c.Kubectl(t, "-n", ns, "create", "rolebinding", "jane", "--clusterrole=view", "--user=jane")
	inNamespace := kubeconfig(t, c, func(k *clientcmdapi.Config) { k.Contexts[k.CurrentContext].Namespace = ns })

	d := attach(t, attached.Options{Kubeconfig: c.Kubeconfig, As: "jane"})
	d.Command("po all")
	d.Wait("not allowed to list pods in the whole cluster as jane", ":ns NAME works there")
	d.Command("ns")
	d.Wait("not allowed to list namespaces")
	d.Command("ns " + ns)
	d.Wait(ns+" / pods", "web-", "Running", "  as jane  ")
	d.Command("deploy")
	d.Wait(ns+" / deployments", "web", "1/1")
	d.Keys("s")
	d.Wait("Scale web")
	d.Keys("backspace")
	d.Type("2")
	d.Keys("enter")
	d.Wait("forbidden", "jane")

	d = attach(t, attached.Options{Kubeconfig: inNamespace, As: "jane"}) // the context says which one
	d.Command("po")
	d.Wait(ns+" / pods", "web-")

	notAllowed := kubeconfig(t, c, func(k *clientcmdapi.Config) {
		k.AuthInfos[k.Contexts[k.CurrentContext].AuthInfo] = &clientcmdapi.AuthInfo{Token: c.Kubectl(t, "-n", ns, "create", "token", "default")}
	})
	d = attach(t, attached.Options{Kubeconfig: notAllowed, As: "jane"})
	d.Command("po " + ns)
	d.Wait("not allowed to impersonate")
}

// TestCredentialPlugins has one that fails, one that would ask on the terminal, one that is slow, and one that is not there: each is
// told of, and no key waits for any.
func TestCredentialPlugins(t *testing.T) {
	c, ns := clustertest.Shared(t)
	dir := t.TempDir()
	token := strings.TrimSpace(c.Kubectl(t, "-n", "kube-system", "create", "token", "namespace-controller"))
	release := filepath.Join(dir, "release")
	scripts := map[string]string{
		"fails": "echo 'your session has expired: run login' >&2; exit 1",
		"asks":  "read code </dev/stdin || { echo 'no terminal to ask on' >&2; exit 1; }",
		"slow":  "while [ ! -e " + release + " ]; do sleep 0.1; done; echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"" + token + "\"}}'",
	}
	with := func(name string) *tuitest.Driver {
		command := filepath.Join(dir, name)
		if s := scripts[name]; s != "" {
			if err := os.WriteFile(command, []byte("#!/bin/sh\n"+s+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		mode := clientcmdapi.IfAvailableExecInteractiveMode
		if name == "asks" {
			mode = clientcmdapi.AlwaysExecInteractiveMode
		}
		return attach(t, attached.Options{Kubeconfig: kubeconfig(t, c, func(k *clientcmdapi.Config) {
			k.AuthInfos[k.Contexts[k.CurrentContext].AuthInfo] = &clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
				APIVersion: "client.authentication.k8s.io/v1", Command: command, InteractiveMode: mode, InstallHint: "install it with apt",
			}}
		})})
	}
	for name, want := range map[string]string{
		"fails":   "credential plugin fails",
		"asks":    "log in outside",
		"missing": "no such file",
	} {
		d := with(name)
		d.Command("cm " + ns)
		d.Wait(want)
	}
	d := with("slow")
	longest := time.Duration(0)
	for _, k := range []string{":", "c", "m", "enter", "?", "esc", "j", "/", "x", "esc"} {
		start := time.Now()
		d.Keys(k)
		_ = d.Screen()
		longest = max(longest, time.Since(start))
	}
	if longest > time.Second {
		t.Errorf("a key took %s", longest)
	}
	if err := os.WriteFile(release, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.Command("ns")
	d.Wait(ns, "Active")
}
