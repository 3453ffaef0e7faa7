package helm

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/cluster/helm"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// release is a Secret as Helm 3 writes it: JSON, gzip, base64, with its labels, type and name.
func release(t testing.TB, name string, version int, status, tag string) *corev1.Secret {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"name": name, "version": version, "info": map[string]any{"status": status, "description": "Upgrade complete", "notes": "Open http://" + name, "last_deployed": "2026-11-23T10:00:00Z"},
		"chart":    map[string]any{"metadata": map[string]any{"name": "nginx", "version": fmt.Sprintf("1.2.%d", version), "appVersion": tag}, "values": map[string]any{"debug": false}},
		"config":   map[string]any{"image": map[string]any{"tag": tag}},
		"manifest": "kind: Deployment\nimage: nginx:" + tag + "\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name:   fmt.Sprintf("sh.helm.release.v1.%s.v%d", name, version),
			Labels: map[string]string{"owner": "helm", "name": name, "version": fmt.Sprint(version), "status": status},
		},
		Type: helm.SecretType,
		Data: map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(b.Bytes()))},
	}
}

func TestGoldenReleases(t *testing.T) {
	c, ns := clustertest.Shared(t)
	secrets := livetable.NewMade([]livetable.Column{{Name: "Name"}})
	var rows []*livetable.Row
	var decoded []*helm.Release
	for i, s := range []*corev1.Secret{release(t, "web", 1, "superseded", "1.26"), release(t, "web", 2, "deployed", "1.27"), release(t, "db", 10, "failed", "17"), release(t, "db", 9, "superseded", "16")} {
		s.UID, s.Namespace = types.UID(fmt.Sprint(i)), ns
		s.CreationTimestamp = metav1.NewTime(screentest.Now.Add(-time.Hour))
		d, err := helm.Decode(s)
		if err != nil {
			t.Fatal(err)
		}
		decoded = append(decoded, d)
		rows = append(rows, &livetable.Row{UID: s.UID, Namespace: "default", Name: s.Name, Labels: s.Labels, Created: s.CreationTimestamp.Time, Cells: []livetable.Cell{{Text: s.Name}}})
	}
	h, s := screentest.New(t, c.Cluster)
	l := newList(s, secrets, true)
	for _, d := range decoded {
		l.decoded[d.SecretUID] = d
	}
	secrets.Set(rows, true, nil) // when they are known: the cluster has none of them, and what it says of that would make a column wider
	v, err := newReleases(s, Releases{}, l)
	if err != nil {
		t.Fatal(err)
	}
	l.refresh()
	h.Tick()
	screentest.AllSizes(t, h, "releases", v)
	v.Do("down")
	v.Do(actValues)
	if len(h.Opened) != 1 || h.Opened[0] != (screen.Request(Text{Namespace: "default", Name: "web", Version: 2, What: values})) {
		t.Errorf("v opens %+v, want the values of the newest revision", h.Opened)
	}
}

func TestTextsOfARevision(t *testing.T) {
	c, ns := clustertest.Shared(t)
	for _, s := range []*corev1.Secret{release(t, "web", 1, "superseded", "1.26"), release(t, "web", 2, "deployed", "1.27")} {
		if _, err := c.Kubernetes().CoreV1().Secrets(ns).Create(t.Context(), s, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	h, s := screentest.New(t, c.Cluster)
	for what, want := range map[string]string{
		values: "image:\n  tag: \"1.27\"\n", allValues: "debug: false\nimage:\n  tag: \"1.27\"\n", manifest: "kind: Deployment\nimage: nginx:1.27\n", notes: "Open http://web\n",
	} {
		v, err := openText(s, Text{Namespace: ns, Name: "web", Version: 2, What: what})
		if err != nil {
			t.Fatal(err)
		}
		if got := v.(*text).pager.Text(); got != want {
			t.Errorf("%s is\n%swant\n%s", what, got, want)
		}
	}
	v, err := openText(s, Text{Namespace: ns, Name: "web", Version: 2, What: diff})
	if err != nil {
		t.Fatal(err)
	}
	v.(*text).r.Namespace = "default"
	screentest.Sized(t, h, "diff", v, 80, 24)
	gone, err := openText(s, Text{Namespace: ns, Name: "web", Version: 7, What: values})
	if err != nil {
		t.Fatal(err)
	}
	if p := gone.Place(); p.State.Health != screen.Bad {
		t.Errorf("a revision that is gone: %+v", p.State)
	}
}
