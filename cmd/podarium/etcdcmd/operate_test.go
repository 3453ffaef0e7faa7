package etcdcmd_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/cmd/podarium/etcdcmd"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/etcdview/offline"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/etcdview/recorder"
)

// session types commands against one etcd.
type session struct {
	t    *testing.T
	deps etcdcmd.Deps
}

func (s session) run(stdin string, wantCode int, args ...string) string {
	s.t.Helper()
	out, code, err := runWith(s.t, s.deps, stdin, args...)
	if code != wantCode {
		s.t.Errorf("%s: exit code %d (%v), want %d\n%s", strings.Join(args, " "), code, err, wantCode, out)
	}
	if err != nil {
		out += err.Error()
	}
	return out
}

func (s session) want(out string, texts ...string) {
	s.t.Helper()
	for _, w := range texts {
		if !strings.Contains(out, w) {
			s.t.Errorf("no %q in:\n%s", w, out)
		}
	}
}

// own is an etcd that is podarium's own, so that writes need no --allow-writes.
func own(t *testing.T) (session, *etcdtest.Server, *clientv3.Client) {
	t.Helper()
	e := etcdtest.Start(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	return session{t, etcdcmd.Deps{Embedded: func(*cobra.Command) (*clientv3.Client, error) {
		return clientv3.New(clientv3.Config{Endpoints: []string{e.Endpoint}, Logger: zap.NewNop()})
	}}}, e, e.Client(t)
}

func TestPutDelUndo(t *testing.T) {
	s, e, c := own(t)
	lease, err := c.Grant(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Put(t.Context(), "/app/a", "one", clientv3.WithLease(lease.ID)); err != nil {
		t.Fatal(err)
	}
	stored := func(key string) (string, int64) {
		r, err := c.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Kvs) == 0 {
			return "", 0
		}
		return string(r.Kvs[0].Value), r.Kvs[0].Lease
	}
	undo := filepath.Join(t.TempDir(), "undo")

	s.want(s.run("no\n", 1, "put", "/app/a", "two"), "not confirmed")
	s.want(s.run("", 0, "put", "/app/a", "two", "--dry-run"), "one → two", "dry run")
	if v, _ := stored("/app/a"); v != "one" {
		t.Fatalf("written without leave: %s", v)
	}
	s.want(s.run("yes\n", 0, "put", "/app/a", "two", "--undo-file", undo+"1"), "done at revision")
	if v, l := stored("/app/a"); v != "two" || l != int64(lease.ID) {
		t.Errorf("%q with lease %x", v, l)
	}
	s.run("", 1, "put", "/app/a", "three", "--yes", "--undo-file", undo+"1") // the undo file exists
	if v, _ := stored("/app/a"); v != "two" {
		t.Errorf("written without an undo file: %q", v)
	}
	s.run("", 0, "put", "/app/b", "new", "--yes")
	s.want(s.run("2\n", 0, "del", "/app/", "--prefix", "--undo-file", undo+"2"), "delete /app/a", "delete /app/b", "done")
	if v, _ := stored("/app/b"); v != "" {
		t.Errorf("not deleted: %q", v)
	}
	s.run("", 4, "del", "/app/", "--prefix")
	s.run("", 1, "del", "", "--prefix", "--yes")
	s.run("", 0, "undo", undo+"2", "--yes")
	s.run("", 0, "undo", undo+"1", "--yes")
	if v, _ := stored("/app/a"); v != "one" {
		t.Errorf("undo left %q", v)
	}
	if b, _ := stored("/app/b"); b != "new" {
		t.Errorf("undo left %q", b)
	}
	if _, l := stored("/app/a"); l != int64(lease.ID) {
		t.Errorf("undo left it on lease %x", l)
	}
	s.run("", 0, "del", "/app/a", "--yes", "--undo-file", undo+"3")
	if _, err := c.Revoke(t.Context(), lease.ID); err != nil {
		t.Fatal(err)
	}
	s.run("", 0, "undo", undo+"3", "--yes")
	if v, l := stored("/app/a"); v != "one" || l != 0 {
		t.Errorf("undo left %q on lease %x, which has ended", v, l)
	}

	t.Setenv("ETCDCTL_ENDPOINTS", e.Endpoint) // the same etcd, as an external one
	s.want(s.run("", 1, "put", "/app/a", "x", "--yes"), "--allow-writes")
	s.want(s.run("", 1, "compact", "--rev", "2", "--yes"), "--allow-writes")
	s.run("", 0, "put", "/app/a", "x", "--yes", "--allow-writes")
}

func TestRegistryWritesAreGuarded(t *testing.T) {
	s, _, c := own(t)
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	key := "/registry/pods/default/web"
	if _, err := c.Put(t.Context(), key, string(pod(t, "web", "nginx:1"))); err != nil {
		t.Fatal(err)
	}
	good := file("good", pod(t, "web", "nginx:2"))
	s.want(s.run("", 1, "put", key, "-f", good, "--yes"), "--allow-registry-writes", "kubectl apply, edit or delete pods/web -n default")
	s.want(s.run("", 1, "del", key, "--yes"), "--allow-registry-writes")
	for _, odd := range []string{"/registry/odd", "/registry/pods/default/web/too/deep", "/registry//", "/kubernetes.io/odd"} {
		s.want(s.run("", 1, "put", odd, "x", "--yes", "--allow-registry-writes"), "names no object")
		s.run("", 4, "get", odd)
		if _, err := c.Put(t.Context(), odd, "x"); err != nil {
			t.Fatal(err)
		}
		s.want(s.run("", 1, "del", odd, "--yes"), "--allow-registry-writes")
		s.run("", 0, "del", odd, "--yes", "--allow-registry-writes")
	}
	fill(t, c, "/a/", operate.MaxDelete+1)
	s.want(s.run("", 1, "del", "/", "--prefix", "--yes"), "--allow-registry-writes") // the registry lies behind what is shown
	s.want(s.run("", 0, "space", "--keys-only"), "/registry/pods/", "/a/", "10001")
	s.want(s.run("", 0, "get", key), "image: nginx:1")
	for name, value := range map[string][]byte{
		"another name": pod(t, "other", "nginx:2"),
		"another kind": encode(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"}}, "ConfigMap"),
		"garbage":      []byte("hello"),
		"JSON":         []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default"}}`),
		"damaged":      append(pod(t, "web", "nginx:2"), 0xff),
		"encrypted":    []byte("k8s:enc:aescbc:v1:k:xxxx"),
	} {
		s.want(s.run("", 1, "put", key, "-f", file(name, value), "--yes", "--allow-registry-writes"), "refused")
	}
	s.want(s.run("", 0, "put", key, "-f", good, "--yes", "--allow-registry-writes"), "nginx:1 → nginx:2", "done")
	s.want(s.run("", 0, "get", key), "image: nginx:2")
}

// fill writes so many keys.
func fill(t *testing.T, c *clientv3.Client, prefix string, n int) {
	t.Helper()
	const perTxn = 100
	for i := 0; i < n; i += perTxn {
		var ops []clientv3.Op
		for j := i; j < min(n, i+perTxn); j++ {
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("%s%06d", prefix, j), "x"))
		}
		if _, err := c.Txn(t.Context()).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSurveyAuditSearch(t *testing.T) {
	s, _, c := own(t)
	secret := encode(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "default"}, Data: map[string][]byte{"pw": []byte("hunter2")}}, "Secret")
	crd := `{"apiVersion":"apiextensions.k8s.io/v1beta1","kind":"CustomResourceDefinition","metadata":{"name":"things.example.com","uid":"u"},` +
		`"spec":{"group":"example.com","version":"v1","names":{"plural":"things","kind":"Thing"},"scope":"Namespaced","versions":[{"name":"v1","served":true,"storage":true}]}}`
	fine := map[string]string{
		"compact_rev_key":             "1",
		"/registry/pods/default/web":  string(pod(t, "web", "nginx:1")),
		"/registry/pods/default/db":   string(pod(t, "db", "redis")),
		"/registry/secrets/default/s": string(secret),
		"/registry/apiextensions.k8s.io/customresourcedefinitions/things.example.com": crd,
		"/registry/example.com/things/default/one":                                    `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"one","namespace":"default","managedFields":[{"manager":"m"}]}}`,
	}
	for k, v := range fine {
		if _, err := c.Put(t.Context(), k, v); err != nil {
			t.Fatal(err)
		}
	}
	s.want(s.run("", 0, "audit", "--versions"), "undecodable values: 0\n", "keys that disagree with their metadata: 0\n",
		"custom resources without a definition: 0\n", "values encrypted with an old key: 0\n", "apiextensions.k8s.io/v1beta1")
	for k, v := range map[string]string{
		"/registry/pods/default/broken":           "k8s\x00\xff\xff",
		"/registry/pods/default/misnamed":         string(pod(t, "web", "nginx:1")),
		"/registry/gone.example.com/things/a/two": `{"apiVersion":"gone.example.com/v1","kind":"Thing","metadata":{"name":"two","namespace":"a"}}`,
	} {
		if _, err := c.Put(t.Context(), k, v); err != nil {
			t.Fatal(err)
		}
	}
	s.want(s.run("", 1, "audit"), "undecodable values: 1\n", "keys that disagree with their metadata: 1\n", "custom resources without a definition: 1\n",
		"/registry/pods/default/broken", "the value says default/web", "no CustomResourceDefinition things.gone.example.com")
	s.want(s.run("", 1, "audit", "-o", "json"), `"name": "undecodable values"`)
	s.want(s.run("", 0, "audit", "--prefix", "/registry/example.com/"), "custom resources without a definition: 0")

	s.want(s.run("", 0, "space", "--namespaces", "--objects"), "pods ", "things.example.com", "LARGEST KEYS", "/registry/pods/default/web")
	s.want(s.run("", 0, "space", "-o", "json"), `"resource": "pods"`, `"keys": 4`)

	s.want(s.run("", 0, "search", "DEFAULT/we"), "/registry/pods/default/web\n")
	s.want(s.run("", 0, "search", "/registry/pods/**/d?", "--mode", "glob"), "/registry/pods/default/db\n")
	s.want(s.run("", 0, "search", "rgpdsweb", "--mode", "fuzzy"), "/registry/pods/default/web\n")
	s.want(s.run("", 0, "search", "--value", "image: redis"), "/registry/pods/default/db\n")
	s.want(s.run("", 0, "search", "--field", "spec.containers.image", "--value", "^nginx", "--mode", "regexp", "-o", "jsonl"), `"key":"/registry/pods/default/web"`)
	s.run("", 4, "search", "--value", "hunter2")
	s.run("", 4, "search", "--value", base64.StdEncoding.EncodeToString([]byte("hunter2")))
	s.run("", 0, "search", "--value", base64.StdEncoding.EncodeToString([]byte("hunter2")), "--show-secrets")
	s.run("", 1, "search", "(", "--mode", "regexp")
	s.run("", 2, "search")

	crdOut := s.run("", 0, "extract", "customresourcedefinitions", "things.example.com")
	s.want(crdOut, "apiVersion: apiextensions.k8s.io/v1\n", "storage: true")
	if strings.Contains(crdOut, "uid: u") {
		t.Errorf("server-set fields are kept:\n%s", crdOut)
	}
	s.want(s.run("", 0, "extract", "po", "default/web"), "image: nginx:1")
	s.want(s.run("", 2, "extract", "things", "default/one"), "RESOURCE.GROUP")
	thing := s.run("", 0, "extract", "things.example.com", "default/one")
	s.want(thing, "kind: Thing")
	if strings.Contains(thing, "managedFields") {
		t.Error(thing)
	}
	s.want(s.run("", 1, "extract", "secrets", "default/s"), "--show-secrets")
	s.want(s.run("", 0, "extract", "secrets", "default/", "--show-secrets"), "aHVudGVyMg==")
	if _, err := c.Delete(t.Context(), "/registry/pods/default/db"); err != nil {
		t.Fatal(err)
	}
	s.run("", 4, "extract", "pods", "default/db")
	s.want(s.run("", 0, "extract", "pods", "default/db", "--deleted"), "image: redis")

	snap := filepath.Join(t.TempDir(), "snap.db")
	s.want(s.run("", 0, "snapshot", "save", snap), "checksum and index checked")
	s.run("", 1, "snapshot", "save", snap)
	s.want(s.run("", 0, "snapshot", "status", snap), "HASH")
	s.run("", 0, "snapshot", "diff", snap)
	if _, err := c.Put(t.Context(), "/registry/pods/default/web", string(pod(t, "web", "nginx:9"))); err != nil {
		t.Fatal(err)
	}
	s.want(s.run("", 1, "snapshot", "diff", snap), "nginx:1 → nginx:9")
	s.want(s.run("", 0, "--snapshot", snap, "get", "/registry/pods/default/web"), "image: nginx:1")
	s.want(s.run("", 0, "--snapshot", snap, "ls", "/registry/"), "pods/")
	s.want(s.run("", 1, "--snapshot", snap, "audit"), "undecodable values: 1")
	s.want(s.run("", 0, "--snapshot", snap, "history", "/registry/pods/default/db"), "deleted")
	s.want(s.run("", 2, "--snapshot", snap, "watch", "/x"), "needs a running etcd")
	out := filepath.Join(t.TempDir(), "restored")
	s.want(s.run("", 0, "snapshot", "restore", snap, "--data-dir-out", out, "--dry-run"), "nothing was written")
	s.want(s.run("", 0, "snapshot", "restore", snap, "--data-dir-out", out), "restored, revision")
	restored, err := offline.Open(t.Context(), filepath.Join(out, "member", "snap", "db"))
	if err != nil {
		t.Fatal(err)
	}
	if rev, err := restored.Revision(t.Context()); err != nil || rev < 1_000_000_000 || restored.CompactRevision() < 1_000_000_000 {
		t.Errorf("restored at revision %d, compacted at %d: %v", rev, restored.CompactRevision(), err)
	}
	restored.Close()
	s.want(s.run("", 0, "journal"), "snapshot restore", "snapshot save")
	s.run("", 1, "snapshot", "restore", snap, "--data-dir-out", out)
	s.want(s.run("", 0, "--db", filepath.Join(out, "member", "snap", "db"), "get", "/registry/pods/default/web"), "image: nginx:1")
}

func TestCluster(t *testing.T) {
	s, _, c := own(t)
	if _, err := c.Put(t.Context(), "k", "v"); err != nil {
		t.Fatal(err)
	}
	s.want(s.run("", 0, "status"), "revision", "alarms    none", "leader", "default")
	s.want(s.run("", 0, "members", "-o", "json"), `"leader": true`, `"quota":`)
	lease, err := c.Grant(t.Context(), 500)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Put(t.Context(), "leased", "v", clientv3.WithLease(lease.ID)); err != nil {
		t.Fatal(err)
	}
	s.want(s.run("", 0, "leases"), "8m20s", "leased")
	s.want(s.run("", 1, "compact", "--rev", "2"), "not confirmed", "history ends there")
	s.want(s.run("", 0, "compact", "--rev", "2", "--dry-run"), "nothing was changed")
	s.want(s.run("", 0, "compact", "--rev", "2", "--yes"), "compacted")
	s.want(s.run("", 1, "compact", "--rev", "999", "--yes"), "refused")
	s.want(s.run("", 0, "defrag", "--yes"), "default: ")
	s.want(s.run("", 0, "disarm", "--yes"), "nothing to take back")
	s.want(s.run("", 1, "move-leader", "default", "--yes"), "leader already")
	s.want(s.run("", 1, "move-leader", "none", "--yes"), "no member none")

	s.want(s.run("", 0, "status", "--hash"), "nothing to compare", "HASH")
	s.want(s.run("", 1, "member", "remove", "default", "--yes"), "only voting member")
	s.want(s.run("", 1, "member", "add", "b", "--peer-urls", "http://127.0.0.1:1", "--yes"), "learner")
	s.run("", 2, "member", "add", "b")
	s.run("", 2, "member", "nonsense")
	var granted struct{ Result string }
	if err := json.Unmarshal([]byte(s.run("", 0, "lease", "grant", "5m", "-o", "json")), &granted); err != nil {
		t.Fatal(err)
	}
	id := strings.Fields(granted.Result)[1]
	s.want(s.run("", 0, "lease", "list"), id, "5m0s")
	s.want(s.run("", 0, "lease", "keep-alive", id, "--once"), "renewed once")
	s.want(s.run("", 0, "lease", "revoke", fmt.Sprintf("%x", lease.ID), "--dry-run"), "delete leased", "1 key", "nothing was changed")
	s.want(s.run("", 1, "lease", "revoke", fmt.Sprintf("%x", lease.ID)), "not confirmed")
	s.want(s.run("yes\n", 0, "lease", "revoke", fmt.Sprintf("%x", lease.ID)), "has ended, with 1 key", "undo")
	s.run("", 4, "get", "leased")
	s.run("", 4, "lease", "revoke", fmt.Sprintf("%x", lease.ID), "--yes")
	s.run("", 2, "lease", "grant", "soon")
	if _, err := c.Put(t.Context(), "/registry/events/default/e", "{}", clientv3.WithLease(mustGrant(t, c))); err != nil {
		t.Fatal(err)
	}
	s.want(s.run("", 0, "leases", "--keys"), "/registry/events/default/e")
	var leases []etcdview.Lease
	if err := json.Unmarshal([]byte(s.run("", 0, "leases", "-o", "json")), &leases); err != nil {
		t.Fatal(err)
	}
	for _, l := range leases {
		if len(l.Keys) > 0 {
			s.want(s.run("", 1, "lease", "revoke", l.ID, "--yes"), "--allow-registry-writes")
		}
	}
	s.want(s.run("", 0, "journal"), "lease revoke", "with 1 key", "compact", "done")
	s.want(s.run("", 0, "journal", "-o", "jsonl", "--limit", "1"), `"operation":"lease revoke"`, `"undoFile":`)
}

func mustGrant(t *testing.T, c *clientv3.Client) clientv3.LeaseID {
	t.Helper()
	r, err := c.Grant(t.Context(), 600)
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func TestUsersAndRoles(t *testing.T) {
	s, e, c := own(t)
	ctx := t.Context()
	s.want(s.run("", 0, "user", "list"), "USER", "Authentication is off")
	for _, err := range []error{
		second(c.Put(ctx, "/registry/pods/default/web", string(pod(t, "web", "nginx:1")))),
		second(c.Put(ctx, "/registry/pods/default/web", string(pod(t, "web", "nginx:2")))),
		second(c.RoleAdd(ctx, "reader")),
		second(c.RoleGrantPermission(ctx, "reader", "/registry/", clientv3.GetPrefixRangeEnd("/registry/"), clientv3.PermissionType(clientv3.PermRead))),
		second(c.RoleGrantPermission(ctx, "reader", "/one", "", clientv3.PermissionType(clientv3.PermReadWrite))),
		second(c.UserAdd(ctx, "root", "secret")), second(c.UserGrantRole(ctx, "root", "root")),
		second(c.UserAdd(ctx, "anna", "secret")), second(c.UserGrantRole(ctx, "anna", "reader")),
		second(c.AuthEnable(ctx)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("ETCDCTL_ENDPOINTS", e.Endpoint)
	s.want(s.run("", 1, "user", "list"), "user")
	out := s.run("", 0, "--user", "root:secret", "user", "list")
	s.want(out, "anna  reader", "root  root")
	if strings.Contains(out, "off") {
		t.Error(out)
	}
	s.want(s.run("", 0, "--user", "root:secret", "role", "list"), "reader  read ", "/registry/*", "readwrite  /one")
	s.want(s.run("", 0, "--user", "root:secret", "role", "list", "-o", "json"), `"type": "READ"`)
	t.Setenv("ETCDCTL_USER", "anna")
	t.Setenv("ETCDCTL_PASSWORD", "secret")
	s.want(s.run("", 0, "get", "/registry/", "--prefix", "--count-only"), "1\n")
	s.want(s.run("", 0, "get", "/registry/", "--prefix"), "image: nginx:2")
	s.want(s.run("", 0, "ls", "/registry/"), "web")
	s.want(s.run("", 0, "tree", "/registry/"), "web")
	s.want(s.run("", 0, "history", "/registry/pods/default/web"), "nginx:1 → nginx:2", "created")
	s.want(s.run("", 0, "watch", "/registry/", "--prefix", "--rev", "2", "--limit", "2"), "nginx:1 → nginx:2")
	s.want(s.run("", 0, "search", "web", "--prefix", "/registry/"), "/registry/pods/default/web")
	s.want(s.run("", 1, "get", "/other"), "permission denied")
	s.want(s.run("", 1, "--password", "wrong", "get", "/one"), "authentication failed")
}

func second[T any](_ T, err error) error { return err }

func TestHistoryFromTheRecorder(t *testing.T) {
	s, _, c := own(t)
	dir := filepath.Join(t.TempDir(), "history")
	s.deps.History = func() (string, error) { return dir, nil }
	var rev int64
	for _, image := range []string{"nginx:1", "nginx:2", "nginx:3"} {
		r, err := c.Put(t.Context(), "/registry/pods/default/web", string(pod(t, "web", image)))
		if err != nil {
			t.Fatal(err)
		}
		rev = r.Header.Revision
	}
	r, err := recorder.Open(dir, recorder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, etcdview.New(c)) }()
	clustertest.Eventually(t, "three changes to be recorded", func() bool {
		n, _ := r.Stats()
		return n == 3
	})
	cancel()
	<-done
	if _, err := c.Compact(t.Context(), rev); err != nil {
		t.Fatal(err)
	}
	s.want(s.run("", 0, "history", "/registry/pods/default/web"), "nginx:2 → nginx:3", "nginx:1 → nginx:2", "created", "2 older ones are from the recorder")
}

// TestRecordAnother records an etcd that is not podarium's own, and reads its past after a compaction.
func TestRecordAnother(t *testing.T) {
	s, e, c := own(t)
	data := t.TempDir()
	s.deps.DataDir = func() (string, error) { return data, nil }
	s.deps.Embedded = nil
	s.want(s.run("", 2, "record"), "which etcd?")
	t.Setenv("ETCDCTL_ENDPOINTS", e.Endpoint)
	const key = "/registry/pods/default/web"
	put := func(image string) int64 {
		r, err := c.Put(t.Context(), key, string(pod(t, "web", image)))
		if err != nil {
			t.Fatal(err)
		}
		return r.Header.Revision
	}
	record := func(args ...string) (stop func() string) {
		ctx, cancel := context.WithCancel(t.Context())
		began, done := make(chan struct{}), make(chan string, 1)
		go func() {
			out := &signalling{sign: began}
			_, err := execute(ctx, s.deps, out, append([]string{"record"}, args...)...)
			if err != nil {
				t.Error(err)
			}
			done <- out.String()
		}()
		<-began
		return func() string { cancel(); return <-done }
	}
	first := put("nginx:1")
	stop := record()
	put("nginx:2")
	s.want(s.run("", 1, "record"), "another process records")
	clustertest.Eventually(t, "two changes to be recorded", func() bool {
		return strings.Contains(s.run("", 0, "record", "list", "-o", "json"), `"changes": 2`)
	})
	s.want(stop(), "changes recorded")
	put("nginx:3")
	last := put("nginx:4")
	if _, err := c.Compact(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	stop = record()
	put("nginx:5")
	clustertest.Eventually(t, "the change behind the gap to be recorded", func() bool {
		return strings.Contains(s.run("", 0, "record", "list", "-o", "json"), fmt.Sprintf(`"lastRevision": %d`, last+1))
	})
	s.want(stop(), "were not recorded")
	s.want(s.run("", 0, "history", key), "nginx:4 → nginx:5", "nginx:1 → nginx:2", "created", "2 older ones are from the recorder", "were not recorded")
	s.want(s.run("", 0, "get", key, "--rev", fmt.Sprint(first)), "image: nginx:1")
	s.want(s.run("", 1, "diff", key, fmt.Sprint(first), fmt.Sprint(last)), "nginx:1 → nginx:4")
	s.want(s.run("", 1, "get", key, "--rev", fmt.Sprint(last-1)), "not recorded")
	s.want(s.run("", 0, "record", "list"), e.Endpoint, "were not recorded")

	// Another etcd with the same ID must not be taken for this one.
	other := etcdtest.Start(t)
	oc := other.Client(t)
	if _, err := oc.Put(t.Context(), "first", ""); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := oc.Put(t.Context(), key, string(pod(t, "web", "other"))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := oc.Compact(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	dirs, err := filepath.Glob(filepath.Join(data, "etcd-recordings", "*"))
	if err != nil || len(dirs) != 1 {
		t.Fatal(dirs, err)
	}
	id, err := etcdview.New(oc).ClusterID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dirs[0], filepath.Join(filepath.Dir(dirs[0]), id)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ETCDCTL_ENDPOINTS", other.Endpoint)
	if out := s.run("", 0, "history", key); strings.Contains(out, "nginx") {
		t.Errorf("the history of another etcd:\n%s", out)
	}
}

// signalling says when the first line was written.
type signalling struct {
	mu   sync.Mutex
	b    strings.Builder
	sign chan struct{}
}

func (s *signalling) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.b.Len() == 0 {
		close(s.sign)
	}
	return s.b.Write(b)
}

func (s *signalling) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
