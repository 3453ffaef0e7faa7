package registry

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// stored are facts of Kubernetes' own test/integration/etcd/data.go: resource, group, namespace, name, key.
const stored = `
configmaps                        -                            ns  cm1          /registry/configmaps/ns/cm1
services                          -                            ns  service1     /registry/services/specs/ns/service1
endpoints                         -                            ns  ep1name      /registry/services/endpoints/ns/ep1name
nodes                             -                            -   node1        /registry/minions/node1
namespaces                        -                            -   namespace1   /registry/namespaces/namespace1
replicationcontrollers            -                            ns  rc1          /registry/controllers/ns/rc1
events                            -                            ns  event1       /registry/events/ns/event1
pods                              -                            ns  pod1         /registry/pods/ns/pod1
secrets                           -                            ns  secret1      /registry/secrets/ns/secret1
deployments                       apps                         ns  deployment4  /registry/deployments/ns/deployment4
horizontalpodautoscalers          autoscaling                  ns  hpa4         /registry/horizontalpodautoscalers/ns/hpa4
clustertrustbundles               certificates.k8s.io          -   a.b:c:d      /registry/clustertrustbundles/a.b:c:d
leases                            coordination.k8s.io          ns  leasev1      /registry/leases/ns/leasev1
ingresses                         networking.k8s.io            ns  ingress3     /registry/ingress/ns/ingress3
ipaddresses                       networking.k8s.io            -   192.168.2.3  /registry/ipaddresses/192.168.2.3
flowschemas                       flowcontrol.apiserver.k8s.io -   fs-3         /registry/flowschemas/fs-3
clusterroles                      rbac.authorization.k8s.io    -   system:x     /registry/clusterroles/system:x
storageversions                   internal.apiserver.k8s.io    -   sv1.test     /registry/storageversions/sv1.test
apiservices                       apiregistration.k8s.io       -   as2.foo.com  /registry/apiregistration.k8s.io/apiservices/as2.foo.com
customresourcedefinitions         apiextensions.k8s.io         -   a.b.c        /registry/apiextensions.k8s.io/customresourcedefinitions/a.b.c
foos                              cr.bar.com                   ns  cr1foo       /registry/cr.bar.com/foos/ns/cr1foo
pants                             custom.fancy.com             -   cr2pant      /registry/custom.fancy.com/pants/cr2pant
gateways                          gateway.networking.k8s.io    ns  gw           /registry/gateway.networking.k8s.io/gateways/ns/gw
`

func TestKeyAndBack(t *testing.T) {
	for line := range strings.Lines(strings.TrimSpace(stored)) {
		f := strings.Fields(strings.ReplaceAll(line, " - ", " _ "))
		for i := range f {
			f[i] = strings.TrimPrefix(f[i], "_")
		}
		gr, key := schema.GroupResource{Group: f[1], Resource: f[0]}, f[4]
		if got := Key("", gr, f[2], f[3]); got != key {
			t.Errorf("Key(%v) = %s, want %s", gr, got, key)
		}
		for _, prefix := range []string{"", "/registry", "/registry/"} {
			o, ok := Parse(prefix, key)
			if !ok || o.GroupResource != gr || o.Namespace != f[2] || o.Name != f[3] || !o.Served() {
				t.Errorf("Parse(%q, %s) = %+v, %v", prefix, key, o, ok)
			}
		}
		if got, ns, ok := Resource("", Dir("", gr, f[2])); !ok || got != gr || ns != "" && ns != f[2] {
			t.Errorf("Resource(%s) = %v %q %v", Dir("", gr, f[2]), got, ns, ok)
		}
	}
}

func TestSpecialKeys(t *testing.T) {
	for key, want := range map[string]Special{
		"compact_rev_key":                   Compaction,
		"/registry/masterleases/10.0.0.1":   MasterLease,
		"/registry/ranges/servicenodeports": Allocator,
		"/registry/ranges/serviceips":       Allocator,
	} {
		if o, ok := Parse("", key); !ok || o.Special != want || o.Served() {
			t.Errorf("Parse(%s) = %+v, %v", key, o, ok)
		}
	}
	if Key("", schema.GroupResource{Group: "events.k8s.io", Resource: "events"}, "ns", "e") != "/registry/events/ns/e" {
		t.Error("events of events.k8s.io are stored as core events")
	}
	if o, ok := Parse("/other", "/other/pods/a/b"); !ok || o.Name != "b" {
		t.Errorf("a prefix of one's own: %+v %v", o, ok)
	}
	if o, ok := Parse("", "/kubernetes.io/pods/a/b"); !ok || o.Namespace != "a" {
		t.Errorf("OpenShift's prefix: %+v %v", o, ok)
	}
	if o, ok := Parse("/other", "/registry/secrets/a/b"); ok {
		t.Errorf("outside the prefix: %+v", o)
	}
	for _, key := range []string{"", "/", "/registry", "/registry/", "/registry/pods", "/registry/pods/", "/registry/pods//x", "/registry/pods/a/b/c", "\xff\x00/"} {
		if o, ok := Parse("", key); ok {
			t.Errorf("Parse(%q) = %+v, want none", key, o)
		}
	}
}

func TestWithin(t *testing.T) {
	for key, want := range map[string]bool{
		"/registry/pods/a/b": true, "/registry/pods/a/b/c/d": true, "/registry/foo": true, "/registry//x": true, "/kubernetes.io/x": true, "compact_rev_key": true,
		"/registry": false, "/registryx/a": false, "/app/registry/a": false, "": false, "/other/a": false,
	} {
		if got := Within("", key); got != want {
			t.Errorf("Within(%q) = %v", key, got)
		}
	}
	if !Within("/other", "/other/a") || !Within("/other/", "/registry/pods/a/b") {
		t.Error("a prefix of one's own is one more, not another")
	}
}

func FuzzParse(f *testing.F) {
	for line := range strings.Lines(stored) {
		if i := strings.IndexByte(line, '/'); i >= 0 {
			f.Add(strings.TrimSpace(line[i:]))
		}
	}
	f.Fuzz(func(t *testing.T, key string) {
		o, ok := Parse("", key)
		if !ok || o.Special != Ordinary || !strings.HasPrefix(key, "/registry/") {
			return
		}
		if o.Builtin || strings.Contains(o.Group, ".") {
			if got := Key("", o.GroupResource, o.Namespace, o.Name); got != key {
				t.Errorf("%q is %+v, whose key is %q", key, o, got)
			}
		}
	})
}
