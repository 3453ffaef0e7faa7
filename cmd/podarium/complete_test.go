package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
)

// completed is what the program offers for a command line, of which the last word is being typed.
func completed(t *testing.T, words ...string) string {
	t.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), bin, append([]string{"__complete"}, words...)...).Output()
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return string(out)
}

func TestCompletion(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "configmap", "colours")
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: \"https://c.example.com\"}}]\nusers: [{name: u}]\ncontexts: [{name: staging, context: {cluster: c, user: u}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	t.Setenv("XDG_CONFIG_HOME", dir)
	nothing := filepath.Join(dir, "no-cluster")
	for _, q := range []struct {
		words []string
		want  string
	}{
		{[]string{"at"}, "attach"},
		{[]string{"attach", ""}, "staging\thttps://c.example.com"},
		{[]string{"attach", "--context", ""}, "staging"},
		{[]string{"demo", "he"}, "hello"},
		{[]string{"theme", "show", ""}, "okabe-ito"},
		{[]string{"--theme", ""}, "terminal"},
		{[]string{"config", "im"}, "import-k9s"},
		{[]string{"kubectl", "rollo"}, "rollout"},
		{[]string{"kubectl", "rollout", "un"}, "undo"},
		{[]string{"kubectl", "get", "--out"}, "--output"},
		{[]string{"--data-dir", nothing, "kubectl", "get", "-o", "js"}, "json"},
		{[]string{"--data-dir", c.DataDir, "kubectl", "get", "configm"}, "configmaps"},
		{[]string{"--data-dir", c.DataDir, "kubectl", "-n", ns, "get", "configmap", "co"}, "colours"},
		{[]string{"kubectl", "--data-dir", c.DataDir, "-n", ns[:5]}, ns},
		{[]string{"--data-dir", c.DataDir, "node", "off", ""}, "node-1"},
	} {
		if got := completed(t, q.words...); !strings.Contains(got, q.want) {
			t.Errorf("%q is completed by\n%swant %q", q.words, got, q.want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		bin, _ := clustertest.Binary() // it was found above
		if out, err := exec.CommandContext(t.Context(), bin, "completion", shell).Output(); err != nil || !strings.Contains(string(out), "podarium") {
			t.Errorf("completion %s: %v", shell, err)
		}
	}
}
