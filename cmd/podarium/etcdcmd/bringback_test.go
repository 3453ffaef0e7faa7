package etcdcmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/cmd/podarium/etcdcmd"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// shop is what a namespace may hold: controllers and admission write into most of it, and a deletion into some.
const shop = `{apiVersion: v1, kind: List, items: [
{apiVersion: v1, kind: ConfigMap, metadata: {name: app}, data: {colour: red}},
{apiVersion: v1, kind: Secret, metadata: {name: login}, stringData: {password: hunter2}},
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}},
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}},
{apiVersion: v1, kind: Pod, metadata: {name: db}, spec: {containers: [{name: db, image: "nginx:1"}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}},
{apiVersion: batch/v1, kind: Job, metadata: {name: once}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [echo, hi]}]}}}},
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}},
  spec: {containers: [{name: web, image: "nginx:1"}]}}}},
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}},
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reader}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}]}`

// TestDeletedObjectsComeBack deletes objects, gives what extract writes of them to kubectl apply, and sees each do its work
// again: from what etcd still has of them, and from a snapshot.
func TestDeletedObjectsComeBack(t *testing.T) {
	c, ns := clustertest.Shared(t)
	dir := t.TempDir()
	apply := func(text string) string {
		t.Helper()
		file := filepath.Join(dir, "manifest.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return c.Kubectl(t, "-n", ns, "apply", "-f", file)
	}
	s := session{t, etcdcmd.Deps{DataDir: func() (string, error) { return dir, nil }, Embedded: func(*cobra.Command) (*clientv3.Client, error) {
		return clientv3.New(clientv3.Config{Endpoints: []string{c.EtcdEndpoint}, Logger: zap.NewNop()})
	}}}
	works := func(when string) {
		t.Helper()
		for what, path := range map[string]string{"pvc/data Bound": "{.status.phase}", "pod/db Running": "{.status.phase}", "job/once 1": "{.status.succeeded}", "deployment/web 1": "{.status.availableReplicas}",
			"service/web 10.96.": "{.spec.clusterIP}", "secret/login aHVudGVyMg==": "{.data.password}", "configmap/app red": "{.data.colour}", "hpa/web web": "{.spec.scaleTargetRef.name}", "role/reader get": "{.rules[0].verbs[0]}"} {
			name, want, _ := strings.Cut(what, " ")
			clustertest.Eventually(t, what+" "+when, func() bool {
				out, err := c.TryKubectl(t, "-n", ns, "get", name, "-o", "jsonpath="+path)
				return err == nil && strings.HasPrefix(out, want)
			})
		}
		if out := c.Kubectl(t, "-n", ns, "get", "deployment/web", "-o", "jsonpath={.metadata.finalizers}"); out != "" {
			t.Errorf("%s the Deployment waits for %s", when, out)
		}
	}
	apply(shop)
	works("at first")
	snap := filepath.Join(dir, "snap.db")
	s.run("", 0, "snapshot", "save", snap)
	for when, from := range map[string][]string{"from etcd": {"extract", "--deleted"}, "from a snapshot": {"--snapshot", snap, "extract"}} {
		c.Kubectl(t, "-n", ns, "delete", "deployment/web", "--cascade=foreground")
		c.Kubectl(t, "-n", ns, "delete", "pod/db", "--grace-period=1")
		c.Kubectl(t, "-n", ns, "delete", "configmap/app", "secret/login", "service/web", "pvc/data", "job/once", "hpa/web", "role/reader")
		for _, what := range []string{"configmaps app", "secrets login", "services web", "pvc data", "pods db", "jobs once", "deployments.apps web", "hpa web", "roles reader"} {
			resource, name, _ := strings.Cut(what, " ")
			args := append(append([]string{}, from...), resource, ns+"/"+name, "--show-secrets")
			if out := apply(s.run("", 0, args...)); !strings.Contains(out, "created") {
				t.Errorf("%s, %s: %s", what, when, out)
			}
		}
		works(when)
	}
}
