package tui_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// TestEnterLeadsInsideAsInK9s goes from each kind to what it is made of.
func TestEnterLeadsInsideAsInK9s(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "expose", "deployment", "web", "--port=80")
	c.Kubectl(t, "-n", ns, "run", "stranger", "--image=nginx")
	c.Kubectl(t, "-n", ns, "create", "cronjob", "nightly", "--image=busybox", "--schedule=0 0 1 1 *", "--", "echo", "hi")
	c.Kubectl(t, "-n", ns, "create", "job", "by-hand", "--from=cronjob/nightly")
	c.Kubectl(t, "-n", ns, "create", "job", "alone", "--image=busybox", "--", "echo", "hi")
	c.Kubectl(t, "-n", ns, "wait", "--for=condition=Complete", "job", "--all", "--timeout=90s")

	only := func(gone string, texts ...string) {
		t.Helper()
		d.Wait(texts...)
		if strings.Contains(d.Screen(), gone) {
			t.Errorf("%q is there, too:\n%s", gone, d.Screen())
		}
	}
	d.Command("svc " + ns + " /web")
	d.Wait("1 of 1")
	d.Keys("enter")
	only("stranger", "pods / of web", "3", "web-", "Running")
	d.Command("deploy " + ns)
	d.Wait("web", "3/3")
	d.Keys("z")
	d.Wait("replicasets / of web", "web-")
	d.Keys("enter")
	only("stranger", "pods / of web-", "Running")
	d.Command("deploy " + ns)
	d.Wait("web", "3/3")
	d.Keys("enter")
	d.Wait("deployments / web", "rolled out")
	d.Keys("P")
	only("stranger", "pods / of web", "Running")
	d.Command("cj " + ns)
	d.Wait("nightly")
	d.Keys("enter")
	only("alone", "jobs / of nightly", "by-hand")
	d.Keys("enter")
	only("alone", "pods / of by-hand", "by-hand-", "Completed")
	d.Keys("enter")
	d.Wait("/ containers")
	d.Keys("F")
	d.Wait("Forward a port to by-hand-")
}

// TestKeysThatK9sHasForPods kills one without a form, and clears away those that have ended.
func TestKeysThatK9sHasForPods(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "run", "over", "--image=busybox", "--restart=Never", "--", "true")
	c.Kubectl(t, "-n", ns, "run", "broken", "--image=busybox", "--restart=Never", "--", "false")
	c.Kubectl(t, "-n", ns, "run", "stays", "--image=busybox", "--", "sleep", "3600")
	c.Kubectl(t, "-n", ns, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/over", "--timeout=60s")
	c.Kubectl(t, "-n", ns, "wait", "--for=jsonpath={.status.phase}=Failed", "pod/broken", "--timeout=60s")
	d.Command("po " + ns)
	d.Wait("over", "broken", "stays")
	d.Keys("z")
	d.Wait("This will change", "delete pod/over", "delete pod/broken")
	d.Keys("y")
	d.Wait("done: 2 changes")
	c.Kubectl(t, "-n", ns, "wait", "--for=delete", "pod/over", "pod/broken", "--timeout=60s")
	d.Keys("z")
	d.Wait("none of these Pods has ended")
	d.Command("po " + ns + " /stays")
	d.Wait("1 of")
	d.Keys("ctrl+k")
	d.Wait("This will change", "delete pod/stays", "--grace-period=0")
	d.Keys("y")
	d.Wait("done: delete pod/stays")
	if got := c.Kubectl(t, "-n", ns, "get", "pods", "-o", "name"); strings.Contains(got, "stays") || strings.Count(got, "pod/web-") != 3 {
		t.Errorf("there are %s", got)
	}
}

// TestRollBackFromAReplicaSet takes k9s's way: the ReplicaSets of a Deployment, and ctrl-l on an older one.
func TestRollBackFromAReplicaSet(t *testing.T) {
	d, c, ns := start(t)
	first := strings.TrimPrefix(strings.TrimSpace(c.Kubectl(t, "-n", ns, "get", "rs", "-o", "name")), "replicaset.apps/")
	c.Kubectl(t, "-n", ns, "set", "image", "deployment/web", "*=nginx:broken") // stuck: k9s refuses this one
	d.Command("rs " + ns + " /" + first)
	d.Wait("1 of 2", first)
	d.Keys("ctrl+l")
	d.Wait("This will change", "nginx:broken", "rollout undo", "--to-revision=1")
	d.Keys("y")
	d.Wait("done: ")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	if got := c.Kubectl(t, "-n", ns, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"); strings.Contains(got, "broken") {
		t.Errorf("the image is %s", got)
	}
}

func TestDecodeASecretFromTheTable(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "secret", "generic", "db", "--from-literal=password=hunter2")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("sec " + ns)
	d.Wait("db", "Opaque")
	d.Keys("x")
	d.Wait("yaml", "password: hunter2")
	d.Keys("x")
	d.WaitGone("hunter2")
	t.Setenv("KUBE_EDITOR", "sed -i s/^type:/immutable:\\x20true\\ntype:/")
	d.Keys("e")
	d.Wait("This will change", "+ immutable: true")
	d.Keys("y")
	d.Wait("done: edit secret/db")
	d.Wait("immutable: true", "live")
}

// TestWordsOfTheCommandLine lists them, and goes to one.
func TestWordsOfTheCommandLine(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("cm " + ns)
	d.Wait("kube-root-ca.crt")
	d.Keys("ctrl+a")
	d.Wait("words", "NAME", "ALSO")
	d.Keys("/")
	d.Type("ALSO:deploy")
	d.Keys("enter")
	d.Wait("deployments", "dp, deploy, deployment", "apps/v1")
	d.Keys("enter")
	d.Wait(ns + " / deployments")
	d.Idle() // esc would cancel a call
	d.Keys("esc")
	d.Wait("words", "deployments")
	d.Command("a")
	d.Keys("/")
	d.Type("NAME:^apply$")
	d.Keys("enter")
	d.Wait("1 of", "command")
	d.Keys("enter")
	d.Type("/nowhere.yaml")
	d.Keys("enter")
	d.Wait("no such file")
}

// TestAnotherContextInOneLine is k9s's :pods @CONTEXT, with the names completed.
func TestAnotherContextInOneLine(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "configmap", "over-here", "--from-literal=k=v")
	d := tuitest.New(t, tui.Options{
		Cluster: c.Cluster,
		Contexts: func(context.Context) ([]tui.Context, error) {
			return []tui.Context{{Name: "eu-west-staging"}, {Name: "us-east-prod", ReadOnly: true}}, nil
		},
		Switch: func(_ context.Context, name string) (*cluster.Cluster, error) {
			return cluster.New(cluster.Options{Name: name, Config: c.Config()})
		},
	})
	d.Wait("all up")
	d.Command("cm " + ns + " @eu-west-staging /over")
	d.Wait("podarium  eu-west-staging", ns+" / configmaps", "over-here", "1 of")
	d.Keys(":")
	d.Type("ctx us")
	d.Wait("us-east-prod")
	d.Keys("tab", "enter")
	d.Wait("podarium  us-east-prod")
	d.Command("ctx")
	d.Wait("Clusters", "eu-west-staging")
	d.Keys("/")
	d.Type("staging")
	d.Keys("enter")
	d.Wait("podarium  eu-west-staging")
}

func TestPathsAreCompleted(t *testing.T) {
	c, ns := clustertest.Shared(t)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "shop", "below"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "shop", "web.yaml"), []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("cm " + ns)
	d.Wait("kube-root-ca.crt")
	d.Keys(":")
	d.Type("apply " + dir + "/")
	d.Wait(dir + "/shop/")
	d.Keys("tab")
	d.Wait("shop/below/", "shop/web.yaml")
	d.Type("w")
	d.Keys("tab", "enter")
	d.Wait("configmap/one", "1 to create")
}
