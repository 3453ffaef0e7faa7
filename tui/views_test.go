package tui_test

import (
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

func TestWorkloadsInOneTableWithTheKeysOfTheirKinds(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "expose", "deployment", "web", "--port=80")
	d.Command("wk " + ns)
	d.Wait(ns+" / workloads", "deploy   web", "svc      web", "3/3", "Running")
	d.Keys("/")
	d.Type("KIND:deploy")
	d.Keys("enter")
	d.Wait("1 of 6")
	d.Keys("s", "backspace", "2", "enter")
	d.Wait("replicas: 3", "replicas: 2")
	d.Keys("y")
	d.Wait("2/2")
}

func TestUsageIsInTheTables(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "run", "web", "--image=nginx:1.27")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("po " + ns)
	d.Wait("web", "CPU", "MEM", "Mi")
	d.Keys("enter")
	d.Wait("containers", "CPU  %R  %L")
	d.Command("nodes")
	d.Wait("node-1", "%CPU", "%MEM")
}

func TestTreeAndUsedBy(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "create", "configmap", "settings", "--from-literal=a=b")
	c.Kubectl(t, "-n", ns, "set", "env", "deployment/web", "--from=configmap/settings")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web")
	d.Command("xray deploy " + ns)
	d.Wait("deployments / tree", "Deployment web", "├─ ReplicaSet web-", "ConfigMap settings", "ServiceAccount default")
	d.Command("cm " + ns + " /settings")
	d.Wait("1 of 2")
	d.Keys("u")
	d.Wait("used by", "Deployment", "env A of container nginx")
}

func TestAccessByCommand(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "rolebinding", "viewers", "--clusterrole=view", "--user=ann")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("ns " + ns)
	d.Command("can list deploy")
	d.Wait("who can list deployments", "in "+ns, "ann", "ClusterRole/view", "RoleBinding/viewers")
}
