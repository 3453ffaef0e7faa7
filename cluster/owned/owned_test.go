package owned

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func TestWhatGoesWithADeployment(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image=web:1", "--replicas=2")
	c.Kubectl(t, "-n", ns, "create", "configmap", "other")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	d, err := c.Kubernetes().AppsV1().Deployments(ns).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Kubernetes().CoreV1().ConfigMaps(ns).Get(t.Context(), "other", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// one owned by the Deployment and by another, one by the Deployment alone
	for name, extra := range map[string]string{
		"shared": fmt.Sprintf(`,{"apiVersion":"v1","kind":"ConfigMap","name":"other","uid":"%s"}`, other.UID), "its-own": "",
	} {
		c.Kubectl(t, "-n", ns, "create", "configmap", name)
		c.Kubectl(t, "-n", ns, "patch", "configmap", name, "--type=merge", "-p",
			fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"%s"}%s]}}`, d.UID, extra))
	}
	ref := change.Ref{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespace: ns, Name: "web", UID: d.UID}
	found, err := By(t.Context(), c.Cluster, ref)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(found[d.UID].Lines(false), "\n")
	for _, want := range []string{"1 ConfigMap, 1 ReplicaSet, 2 Pod", "\n  replicaset.apps/web-", "\n    pod/web-", "configmap/its-own\n", "configmap/shared   stays: it has another owner"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := strings.Join(found[d.UID].Lines(true), "\n"); !strings.HasPrefix(text, "stays, without an owner: 1 ConfigMap, 1 ReplicaSet\n") || strings.Contains(text, "pod/") {
		t.Errorf("orphaned:\n%s", text)
	}

	space, err := c.Kubernetes().CoreV1().Namespaces().Get(t.Context(), ns, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ref = change.Ref{Resource: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, Kind: "Namespace", Name: ns, UID: space.UID}
	found, err = By(t.Context(), c.Cluster, ref)
	if err != nil {
		t.Fatal(err)
	}
	text = strings.Join(found[space.UID].Lines(false), "\n")
	for _, want := range []string{"1 Deployment", "2 Pod", "4 ConfigMap", "serviceaccount/default"} { // kube-root-ca.crt is the fourth
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the namespace:\n%s", want, text)
		}
	}
}

func TestOwnersInACircleEnd(t *testing.T) {
	s := search{children: map[types.UID][]item{
		"a": {{ref: change.Ref{UID: "b", Name: "b"}, owners: []types.UID{"a"}}},
		"b": {{ref: change.Ref{UID: "a", Name: "a"}, owners: []types.UID{"b"}}},
	}, goes: map[types.UID]bool{"a": true}}
	s.mark()
	if got := s.under("a", 0, map[types.UID]bool{}); len(got) != 2 {
		t.Errorf("got %v", got)
	}
}
