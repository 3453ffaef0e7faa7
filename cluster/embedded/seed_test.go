package embedded

import (
	"path/filepath"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap/zapcore"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

func testEtcd(t *testing.T) *clientv3.Client {
	t.Helper()
	dir := t.TempDir()
	socket := filepath.Join(dir, "etcd.sock")
	e, err := startEtcd(t.Context(), filepath.Join(dir, "etcd"), socket, true, zapcore.NewNopCore(), func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.stop)
	c, err := newEtcdClient(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestSeedWritesOnlyWhatIsMissing(t *testing.T) {
	etcd := testEtcd(t)
	ca := []byte("-----BEGIN CERTIFICATE-----\n")
	written, err := seed(t.Context(), etcd, ca)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(seedObjects(ca)); written != want {
		t.Errorf("an empty store got %d objects, want %d", written, want)
	}
	before, err := etcd.Get(t.Context(), "/registry/", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	if written, err = seed(t.Context(), etcd, ca); err != nil || written != 0 {
		t.Errorf("a full store got %d objects (%v)", written, err)
	}
	const lost = "/registry/clusterroles/edit"
	if _, err := etcd.Delete(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	if written, err = seed(t.Context(), etcd, ca); err != nil || written != 1 {
		t.Errorf("a store without one object got %d (%v)", written, err)
	}
	after, err := etcd.Get(t.Context(), "/registry/", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Kvs) != len(before.Kvs) {
		t.Fatalf("%d keys became %d", len(before.Kvs), len(after.Kvs))
	}
	for i, kv := range after.Kvs {
		if string(kv.Key) != lost && kv.ModRevision != before.Kvs[i].ModRevision {
			t.Errorf("%s was written again", kv.Key)
		}
	}
}

func TestSeedIsWhatTheAPIServerStores(t *testing.T) {
	etcd := testEtcd(t)
	if _, err := seed(t.Context(), etcd, []byte("ca")); err != nil {
		t.Fatal(err)
	}
	all, err := etcd.Get(t.Context(), "/registry/", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	uids := map[string]bool{}
	roles := map[string]*rbacv1.ClusterRole{}
	for _, kv := range all.Kvs {
		obj, kind, err := scheme.Codecs.UniversalDeserializer().Decode(kv.Value, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", kv.Key, err)
			continue
		}
		m, ok := obj.(metav1.Object)
		if !ok {
			t.Errorf("%s: %v has no metadata", kv.Key, kind)
			continue
		}
		if !strings.HasSuffix(string(kv.Key), "/"+m.GetName()) {
			t.Errorf("%s holds %s", kv.Key, m.GetName())
		}
		created := m.GetCreationTimestamp()
		if uids[string(m.GetUID())] || m.GetUID() == "" || created.IsZero() {
			t.Errorf("%s: UID %q, created %s", kv.Key, m.GetUID(), created)
		}
		uids[string(m.GetUID())] = true
		if r, ok := obj.(*rbacv1.ClusterRole); ok {
			roles[r.Name] = r
		}
	}
	for _, want := range append(bootstrappolicy.ClusterRoles(), bootstrappolicy.ControllerRoles()...) {
		got := roles[want.Name]
		if got == nil {
			t.Errorf("the bootstrap role %s is missing", want.Name)
			continue
		}
		if !equality.Semantic.DeepEqual(got.Rules, want.Rules) || !equality.Semantic.DeepEqual(got.AggregationRule, want.AggregationRule) {
			t.Errorf("the role %s differs from the bootstrap policy's", want.Name)
		}
	}
}
