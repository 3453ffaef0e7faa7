package etcd

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/recorder"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screentest"
)

// release is what Helm stores of a release, in the Secret that it stores it in.
func release(t *testing.T) string {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write([]byte(`{"name":"shop","version":3,"namespace":"default","info":{"status":"deployed","notes":"It runs."},"chart":{"metadata":{"name":"shop","version":"1.2.3"}},"config":{"replicas":3},"manifest":"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n"}`))
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return fixture.Stored(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "sh.helm.release.v1.shop.v3", Namespace: "default", Labels: map[string]string{"owner": "helm", "name": "shop"}},
		Type: "helm.sh/release.v1", Data: map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(zipped.Bytes()))}}, "Secret")
}

// TestValues draws the forms of values that no other tool shows: custom resources in JSON and in CBOR, an encrypted one,
// and a Helm release within a Secret.
func TestValues(t *testing.T) {
	h, s := fixture.New(t)
	widget := map[string]any{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": "w", "namespace": "default", "generation": int64(3)},
		"spec": map[string]any{"colour": "blue", "sizes": []any{int64(3), int64(7)}, "note": "one line\nand another"}}
	cbor, err := direct.Marshal(widget)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]struct{ key, value, stored string }{
		"json":      {"/registry/example.com/widgets/default/w", `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"default"},"spec":{"colour":"blue","sizes":[3,7]}}`, "stored as example.com/v1 Widget · json"},
		"cbor":      {"/registry/example.com/widgets/default/c", "\xd9\xd9\xf7" + string(cbor), "stored as example.com/v1 Widget · cbor"},
		"encrypted": {"/registry/secrets/default/locked", "k8s:enc:aescbc:v1:key1:\x01\x02\x03 sixteen bytes of it", "stored as encrypted with aescbc, key key1"},
		"helm":      {"/registry/secrets/default/sh.helm.release.v1.shop.v3", release(t), "stored as v1 Secret · protobuf"},
	}
	for name, v := range values {
		if _, err := s.Cluster().Etcd().Put(t.Context(), v.key, v.value); err != nil {
			t.Fatal(err)
		}
		opened, err := openKey(s, access.Key{Path: v.key})
		if err != nil {
			t.Fatal(err)
		}
		k := opened.(*keyView)
		if name == "helm" {
			if text := screentest.Draw(h, k, 80, 24).String(); strings.Contains(text, "It runs.") || !strings.Contains(text, "masked, x shows") {
				t.Errorf("the release is not masked:\n%s", text)
			}
			k.Do(actSecrets)
		}
		if text := screentest.Draw(h, k, 80, 24).String(); !strings.Contains(text, v.stored) {
			t.Errorf("%s: no %q:\n%s", name, v.stored, text)
		}
		text := screentest.Draw(h, k, 200, 60).String()
		if name == "helm" && (!strings.Contains(text, "within data.release: ") || !strings.Contains(text, "notes: It runs.")) {
			t.Errorf("the release is not decoded:\n%s", text)
		}
	}
	for name, key := range map[string]string{"value-encrypted": values["encrypted"].key, "value-helm": values["helm"].key} {
		opened, err := openKey(s, access.Key{Path: key})
		if err != nil {
			t.Fatal(err)
		}
		k := opened.(*keyView)
		k.Do(actSecrets)
		for _, c := range k.pane.changes { // the etcds of two runs count alike, but for what the other values took
			c.KV.ModRevision = 21
		}
		k.state = etcdview.FeedState{Started: true, Revision: 24}
		screentest.AllSizes(t, h, name, k)
	}
}

// TestHistoryBeyondCompaction opens a key beside its object when etcd has forgotten half of its past, which was recorded.
func TestHistoryBeyondCompaction(t *testing.T) {
	dir := t.TempDir()
	h, s := fixture.New(t, func(o *cluster.Options) { o.EtcdHistory = dir })
	client := s.Cluster().Etcd()
	store := etcdview.New(client)
	recording, err := recorder.Open(dir, recorder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- recording.Run(ctx, store) }()
	const key = "/registry/pods/default/web"
	var last int64
	for _, image := range []string{"nginx:3", "nginx:4", "nginx:5"} {
		r, err := client.Put(t.Context(), key, fixture.Pod(t, "web", image, "kubectl-set", 0))
		if err != nil {
			t.Fatal(err)
		}
		last = r.Header.Revision
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		if rs, err := recording.History(key, 0, 10); err == nil && len(rs) > 0 && rs[0].ModRevision == last {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it is not recorded")
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
	}
	cancel()
	<-ended
	if _, err := client.Compact(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	opened, err := openKey(s, access.Key{Path: key})
	if err != nil {
		t.Fatal(err)
	}
	k := opened.(*keyView)
	text := screentest.Draw(h, k, 120, 30).String()
	for _, want := range []string{"stored as v1 Pod · protobuf", "nginx:4 → nginx:5", "nginx:3 → nginx:4", "of them from the recorder", "… compacted before "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
	if !strings.Contains(text, "\n kind: Pod ") {
		t.Errorf("the object does not stand at the left:\n%s", text)
	}
	opened.Do(actFocus)
	k.Click(100, 7) // the third line of the list
	if k.focus != onList || k.pane.cursor.At == 0 {
		t.Errorf("a click on a revision leads to %d, with the focus on %v", k.pane.cursor.At, k.focus)
	}
	if k.Click(10, 7); k.focus != onValue {
		t.Error("a click on the object does not lead to it")
	}
}
