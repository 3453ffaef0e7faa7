package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
)

const addressing = `
apiVersion: v1
kind: Pod
metadata: {name: dual, labels: {app: dual}}
spec:
  containers:
  - {name: c, image: "shop:v7", ports: [{containerPort: 8080, name: main, hostPort: 7080}, {containerPort: 8080, name: main-udp, protocol: UDP}, {containerPort: 9090, name: other}]}
---
apiVersion: v1
kind: Service
metadata: {name: dual}
spec:
  selector: {app: dual}
  externalIPs: [198.51.100.7]
  ports: [{name: tcp, port: 80, targetPort: main}, {name: udp, port: 80, targetPort: main-udp, protocol: UDP}, {name: other, port: 90, targetPort: other}]
---
apiVersion: v1
kind: Service
metadata: {name: alias}
spec: {type: ExternalName, externalName: dual.%[1]s.svc.cluster.local}
---
apiVersion: v1
kind: Service
metadata: {name: local}
spec: {type: ExternalName, externalName: localhost}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "shop:v1", ports: [{containerPort: 5432, name: sql}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: sql, port: 5432, targetPort: sql}]}
`

func TestAddressesAndNames(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, fmt.Sprintf(addressing, ns))
	run := client(t, c, ns, "client", "")
	clustertest.Eventually(t, "the Pods", func() bool {
		_, err := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "sh", "-c", "nslookup db-1.db >/dev/null && nslookup db-0.db >/dev/null && wget -qO- dual >/dev/null")
		return err == nil
	})
	domain := ns + ".svc.cluster.local"
	srv := "_sql._tcp.db." + domain
	for script, want := range map[string]string{
		"wget -qO- dual | grep version":                              "version: v7\n",
		"wget -qO- dual:90 | grep version":                           "version: v7\n",
		"wget -qO- http://198.51.100.7/ | grep pod:":                 "pod: " + ns + "/dual\n",
		"wget -qO- 172.18.0.3:7080 | grep pod:":                      "pod: " + ns + "/dual\n",
		"wget -qO- alias | grep pod:":                                "pod: " + ns + "/dual\n",
		"nslookup alias | grep Name: | cut -f2":                      "alias." + domain + "\n",
		"nslookup -type=cname alias | grep canonical":                "alias." + domain + "\tcanonical name = dual." + domain + "\n",
		"wget -qO- db-1.db:5432 | grep pod:":                         "pod: " + ns + "/db-1\n",
		"nslookup -type=srv _sql._tcp.db | grep service | sort":      srv + "\tservice = 0 50 5432 db-0.db." + domain + "\n" + srv + "\tservice = 0 50 5432 db-1.db." + domain + "\n",
		"nslookup -type=srv _tcp._tcp.dual | grep service":           "_tcp._tcp.dual." + domain + "\tservice = 0 100 80 dual." + domain + "\n",
		"nslookup -type=srv _udp._tcp.dual >/dev/null 2>&1; echo $?": "1\n",
		"nslookup -type=ptr 10.96.0.1 | grep name":                   "1.0.96.10.in-addr.arpa\tname = kubernetes.default.svc.cluster.local\n",
	} {
		printsSoon(t, c, ns, "client", script, want) // each name and address is known in its own time
	}
	if out := run("echo hi | nc -u -w 2 dual 80"); out != "dual v7 shop:v7 "+get(t, c, ns, "dual").Spec.NodeName+" #1: hi\n" {
		t.Errorf("by UDP it prints %q", out)
	}
	if out := run("nslookup local | tail -n +3"); !strings.Contains(out, "127.0.0.1") {
		t.Errorf("an external name outside of the cluster: %q", out)
	}
	if n := traffic(t, c, ns, "dual", "udp")["dual"]; n != 1 {
		t.Errorf("%d UDP clients are counted, want 1", n)
	}
	if n := traffic(t, c, ns, "dual", "other")["dual"]; n != 1 {
		t.Errorf("%d connections to port 90 are counted, want 1", n)
	}
}

// What a Pod's names are depends on its dnsPolicy, dnsConfig, hostAliases and host name.
func TestNamesOfAPod(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: sub}
spec: {clusterIP: None, selector: {app: sub}}
---
apiVersion: v1
kind: Pod
metadata: {name: first, labels: {app: sub}}
spec:
  hostname: me
  subdomain: sub
  hostAliases: [{ip: 192.0.2.7, hostnames: [foo.local, bar.local]}]
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: busybox, command: [sleep, infinity]}]
---
apiVersion: v1
kind: Pod
metadata: {name: default}
spec: {dnsPolicy: Default, terminationGracePeriodSeconds: 1, containers: [{name: c, image: busybox, command: [sleep, infinity]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: none}
spec: {dnsPolicy: None, dnsConfig: {nameservers: [10.96.0.10], searches: [svc.cluster.local], options: [{name: ndots, value: "2"}]}, terminationGracePeriodSeconds: 1, containers: [{name: c, image: busybox, command: [sleep, infinity]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: host}
spec: {hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet, terminationGracePeriodSeconds: 1, containers: [{name: c, image: busybox, command: [sleep, infinity]}]}
`)
	c.Kubectl(t, "wait", "-n", ns, "--for=condition=Ready", "pod/first", "pod/default", "pod/none", "pod/host", "--timeout=60s")
	clustertest.Eventually(t, "the name of the Pod", func() bool {
		_, err := c.TryKubectl(t, "exec", "-n", ns, "first", "--", "nslookup", "me.sub")
		return err == nil
	})
	ip := get(t, c, ns, "first").Status.PodIP
	node := get(t, c, ns, "host").Spec.NodeName
	domain := ns + ".svc.cluster.local"
	for _, test := range []struct{ pod, script, want string }{
		{"first", "nslookup web | grep -c Name:", "1\n"},
		{"first", "hostname; hostname -f; hostname -i", "me\nme.sub." + domain + "\n" + ip + "\n"},
		{"first", "nslookup " + ip + " | grep name", "*.in-addr.arpa\tname = me.sub." + domain + "\n"},
		{"first", "getent hosts bar.local", "192.0.2.7        bar.local\n"},
		{"first", "wget -qO- http://nowhere 2>&1", "wget: bad address 'nowhere'\n"},
		{"first", "nslookup -type=aaaa web | tail -n2 | head -n1", "*** Can't find web." + domain + ": No answer\n"},
		{"default", "cat /etc/resolv.conf | grep -c 10.96", "0\n"},
		{"default", "nslookup web." + ns + " >/dev/null; echo $?", "1\n"},
		{"none", "nslookup web >/dev/null; echo $?; nslookup web." + ns + " >/dev/null; echo $?", "1\n0\n"},
		{"none", "nslookup web 10.96.0.10 >/dev/null; echo $?", "1\n"},
		{"host", "nslookup web | grep -c Name:; hostname", "1\n" + node + "\n"},
	} {
		out, _ := c.TryKubectl(t, "exec", "-n", ns, test.pod, "--", "sh", "-c", test.script)
		if rest, ok := strings.CutPrefix(test.want, "*"); ok && strings.HasPrefix(rest, ".") && strings.HasSuffix(out, rest) {
			continue
		}
		if out != test.want {
			t.Errorf("in %s %s prints %q, want %q", test.pod, test.script, out, test.want)
		}
	}
}
