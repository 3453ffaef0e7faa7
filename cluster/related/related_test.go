package related

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        envFrom: [{configMapRef: {name: settings}}]
        env: [{name: WORD, valueFrom: {secretKeyRef: {name: nonesuch, key: word, optional: true}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

func TestTheWholeTreeOfADeployment(t *testing.T) {
	c, ns := clustertest.Shared(t)
	file := filepath.Join(t.TempDir(), "web.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "-n", ns, "apply", "-f", file)
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web")
	g, err := Read(t.Context(), c.Cluster, ns)
	if err != nil {
		t.Fatal(err)
	}
	deploy := g.Find(Ref{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespace: ns, Name: "web"})
	if deploy == nil {
		t.Fatalf("the Deployment is not in the graph; unread: %v", g.Unread)
	}
	sets := g.Owned(deploy.UID)
	if len(sets) != 1 || sets[0].Kind != "ReplicaSet" {
		t.Fatalf("the Deployment owns %v, want a ReplicaSet", sets)
	}
	pods := g.Owned(sets[0].UID)
	if len(pods) != 1 || g.Pods[pods[0].UID] == nil {
		t.Fatalf("the ReplicaSet owns %v, want a Pod", pods)
	}
	if up := g.Owners(pods[0]); len(up) != 2 || up[0].Kind != "ReplicaSet" || up[1].Name != "web" {
		t.Errorf("above the Pod are %v", up)
	}
	var got []string
	for _, u := range g.Uses(pods[0].UID) {
		text := u.Of.Kind + "/" + u.Of.Name + " " + u.How
		if u.Missing && u.Optional {
			text += " missing"
		}
		got = append(got, text)
	}
	want := "ServiceAccount/default runs as it, ConfigMap/settings all env of container web, Secret/nonesuch env WORD of container web missing, ConfigMap/kube-root-ca.crt"
	for _, part := range strings.Split(want, ", ") {
		if !strings.Contains(strings.Join(got, "\n"), part) {
			t.Errorf("the Pod does not use %q; it uses\n%s", part, strings.Join(got, "\n"))
		}
	}
	users := g.UsedBy(Ref{Resource: core.WithResource("configmaps"), Kind: "ConfigMap", Namespace: ns, Name: "settings"})
	if len(users) != 2 || users[0].By.Kind != "Deployment" || users[1].By.Kind != "Pod" {
		t.Errorf("the ConfigMap is used by %v, want the Deployment and its Pod", users)
	}
	if by := g.UsedBy(pods[0].Ref); len(by) != 1 || by[0].By.Kind != "Service" {
		t.Errorf("the Pod is used by %v, want the Service", by)
	}
}
