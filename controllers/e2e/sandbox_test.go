package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestSandboxesAreVisible(t *testing.T) {
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: Pod
metadata: {name: two}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: web, image: "shop:v1", ports: [{containerPort: 80}]}
  - {name: side, image: busybox, command: [sh, -c, "sleep 1; exit 3"]}
`)
	var found cluster.Sandbox
	clustertest.Eventually(t, "a restart to show in the sandbox", func() bool {
		var list []cluster.Sandbox
		if err := json.Unmarshal([]byte(podarium(t, c, "status", "--pods", "-o", "json")), &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.Namespace == ns && s.Pod == "two" {
				found = s
			}
		}
		for _, k := range found.Containers {
			if k.Name == "side" && k.Restarts > 0 {
				return true
			}
		}
		return false
	})
	p := get(t, c, ns, "two")
	if !found.Ready || found.Node != "node-1" || found.UID != string(p.UID) || found.Network != "pod" || found.Address != p.Status.PodIP {
		t.Errorf("the Pod is at %s, its sandbox is %+v", p.Status.PodIP, found)
	}
	states := map[string]string{}
	for _, k := range found.Containers {
		states[k.Name] += k.State + " "
	}
	if states["web"] != "running " || !strings.HasPrefix(states["side"], "exited ") {
		t.Errorf("its containers are %v", states)
	}
	table := podarium(t, c, "status", "--pods")
	if !strings.Contains(table, "(pause)") || !strings.Contains(table, "└─ ") || !strings.Contains(table, "(the node's)") {
		t.Errorf("the table is\n%s", table)
	}
}
