package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/podarium/podarium/cluster/clustertest"
)

// wantOutput fails the test where a kubectl command does not print every word.
func wantOutput(t *testing.T, c *clustertest.Cluster, words []string, args ...string) {
	t.Helper()
	out := c.Kubectl(t, args...)
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("kubectl %s lacks %q:\n%s", strings.Join(args, " "), w, out)
		}
	}
}

func TestKubectlRollsOutAndBack(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image", "nginx:1", "--replicas", "2")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web", "--timeout", "1m")
	c.Kubectl(t, "-n", ns, "scale", "deployment/web", "--replicas", "3")
	c.Kubectl(t, "-n", ns, "set", "image", "deployment/web", "nginx=nginx:2")
	wantOutput(t, c, []string{"successfully rolled out"}, "-n", ns, "rollout", "status", "deployment/web", "--timeout", "1m")
	wantOutput(t, c, []string{"REVISION", "1", "2"}, "-n", ns, "rollout", "history", "deployment/web")
	wantOutput(t, c, []string{"nginx:1"}, "-n", ns, "rollout", "history", "deployment/web", "--revision", "1")
	c.Kubectl(t, "-n", ns, "rollout", "undo", "deployment/web")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web", "--timeout", "1m")
	wantOutput(t, c, []string{"3/3", "nginx:1"}, "-n", ns, "get", "deployment", "web", "-o", "wide")
	wantOutput(t, c, []string{"RollingUpdate", "Scaled up replica set"}, "-n", ns, "describe", "deployment", "web")
	wantOutput(t, c, []string{"10.244."}, "-n", ns, "get", "pods", "-o", "wide")
}

func TestKubectlAppliesAndExplains(t *testing.T) {
	c, ns := clustertest.Shared(t)
	file := filepath.Join(t.TempDir(), "config.yaml")
	write := func(value string) {
		manifest := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: " + ns + "}\ndata: {colour: " + value + "}\n"
		if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("red")
	wantOutput(t, c, []string{"created"}, "apply", "-f", file)
	write("blue")
	wantOutput(t, c, []string{"configured"}, "apply", "-f", file)
	wantOutput(t, c, []string{"serverside-applied"}, "apply", "--server-side", "--force-conflicts", "-f", file)
	wantOutput(t, c, []string{"colour: blue"}, "-n", ns, "get", "configmap", "settings", "-o", "yaml")
	wantOutput(t, c, []string{"FIELD: replicas <integer>"}, "explain", "deployment.spec.replicas")
	wantOutput(t, c, []string{"yes"}, "auth", "can-i", "create", "pods")
}

func TestKubectlWatches(t *testing.T) {
	c, ns := clustertest.Shared(t)
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watch := exec.CommandContext(ctx, bin, "--data-dir", c.DataDir, "kubectl", "-n", ns, "get", "configmaps", "-w", "-o", "name")
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "-n", ns, "create", "configmap", "seen")
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "configmap/seen" {
			cancel()
			_ = watch.Wait() // killed
			return
		}
	}
	t.Errorf("the watch ended without the new object: %v", lines.Err())
}

func TestCustomResources(t *testing.T) {
	c, ns := clustertest.Shared(t)
	file := filepath.Join(t.TempDir(), "crd.yaml")
	const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: vessels.glass.example}
spec:
  group: glass.example
  scope: Namespaced
  names: {plural: vessels, singular: vessel, kind: Vessel, shortNames: [vs]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {volume: {type: integer}}}}}}
    additionalPrinterColumns: [{name: Volume, type: integer, jsonPath: .spec.volume}]
`
	if err := os.WriteFile(file, []byte(crd), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "apply", "-f", file)
	c.Kubectl(t, "wait", "--for", "condition=Established", "crd/vessels.glass.example", "--timeout", "1m")
	vessel := filepath.Join(t.TempDir(), "vessel.yaml")
	if err := os.WriteFile(vessel, []byte("apiVersion: glass.example/v1\nkind: Vessel\nmetadata: {name: bowl, namespace: "+ns+"}\nspec: {volume: 7}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "apply", "-f", vessel)
	wantOutput(t, c, []string{"VOLUME", "bowl", "7"}, "-n", ns, "get", "vs")
	stored, err := c.Etcd().Get(t.Context(), "/registry/glass.example/vessels/"+ns+"/bowl")
	if err != nil {
		t.Fatal(err)
	}
	if len(stored.Kvs) != 1 {
		t.Fatalf("etcd has %d keys for the custom resource", len(stored.Kvs))
	}
	var object struct {
		Spec struct{ Volume int }
	}
	if err := json.Unmarshal(stored.Kvs[0].Value, &object); err != nil || object.Spec.Volume != 7 {
		t.Errorf("etcd has %s (%v)", stored.Kvs[0].Value, err)
	}
}

func TestServiceAccountTokensWork(t *testing.T) {
	c, ns := clustertest.Shared(t)
	config := c.Config()
	config.BearerToken = strings.TrimSpace(c.Kubectl(t, "-n", ns, "create", "token", "default"))
	config.CertData, config.KeyData = nil, nil
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	me, err := kube.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "system:serviceaccount:" + ns + ":default"; me.Status.UserInfo.Username != want {
		t.Errorf("the token is %s's, want %s", me.Status.UserInfo.Username, want)
	}
	if _, err := kube.CoreV1().Secrets(ns).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a service account without a role lists Secrets: %v", err)
	}
}

func TestComponentsHaveIdentitiesOfTheirOwn(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "deployment", "who", "--image", "nginx:1")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/who", "--timeout", "1m")
	pods, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	managers := map[string]bool{}
	for _, p := range pods.Items {
		for _, f := range p.ManagedFields {
			managers[f.Manager] = true
		}
	}
	for _, m := range []string{"kube-controller-manager", "kubelet"} {
		if !managers[m] {
			t.Errorf("no field is managed by %s: %v", m, managers)
		}
	}
	for user, may := range map[string]bool{"system:kube-scheduler": false, "system:kube-controller-manager": false, "system:node:node-1": false, "kubernetes-admin": true} {
		args := []string{"auth", "can-i", "delete", "nodes", "--as", user}
		if may {
			args = append(args, "--as-group", "system:masters")
		}
		out, _ := c.TryKubectl(t, args...) // exit code 1 says no
		if got := strings.HasPrefix(out, "yes"); got != may {
			t.Errorf("%s may delete nodes: %v, want %v", user, got, may)
		}
	}
}

func TestKubectlCompletes(t *testing.T) {
	c, ns := clustertest.Shared(t)
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "-n", ns, "create", "configmap", "settings")
	for _, test := range []struct {
		words []string
		want  string
	}{
		{[]string{"kubectl", "roll"}, "rollout"},
		{[]string{"kubectl", "rollout", ""}, "undo"},
		{[]string{"kubectl", "get", "--show-l"}, "--show-labels"},
		{[]string{"kubectl", "get", "configm"}, "configmaps"},
		{[]string{"kubectl", "-n", ns, "get", "configmap", "set"}, "settings"},
		{[]string{"kubectl", "--data-dir", c.DataDir, "-n", "test-"}, ns},
	} {
		out, err := exec.CommandContext(t.Context(), bin, append([]string{"__complete", "--data-dir", c.DataDir}, test.words...)...).Output()
		if err != nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%q completes to %q, want %s among it (%v)", test.words, out, test.want, err)
		}
	}
}
