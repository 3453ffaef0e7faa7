package helm

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// secret packs a release as Helm 3 does (pkg/storage/driver/util.go, encodeRelease): JSON, gzip, base64.
func secret(t testing.TB, release map[string]any) *corev1.Secret {
	t.Helper()
	raw, err := json.Marshal(release)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s := &corev1.Secret{Type: SecretType, Data: map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(b.Bytes()))}}
	s.Name, s.Namespace = "sh.helm.release.v1.web.v2", "default"
	return s
}

func release(version int, tag string) map[string]any {
	return map[string]any{
		"name": "web", "namespace": "default", "version": version,
		"info":     map[string]any{"status": "deployed", "last_deployed": "2026-11-23T10:00:00.123456789+01:00", "notes": "Open http://web", "description": "Upgrade complete"},
		"chart":    map[string]any{"metadata": map[string]any{"name": "nginx", "version": "1.2.3", "appVersion": "1.27"}, "values": map[string]any{"image": map[string]any{"tag": "1.0", "pull": "Always"}, "debug": true}},
		"config":   map[string]any{"image": map[string]any{"tag": tag}, "debug": nil},
		"manifest": "---\n# Source: nginx/templates/deploy.yaml\nkind: Deployment\nimage: nginx:" + tag + "\n",
	}
}

func TestDecodeWhatHelmStores(t *testing.T) {
	r, err := Decode(secret(t, release(2, "1.27")))
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "web" || r.Version != 2 || r.ChartName() != "nginx-1.2.3" || r.Info.Status != "deployed" || r.Info.LastDeployed.UTC().Hour() != 9 || r.Info.Notes == "" {
		t.Errorf("decoded %+v", r)
	}
	if got, want := r.Values(false), "debug: null\nimage:\n  tag: \"1.27\"\n"; got != want {
		t.Errorf("the user's values are\n%swant\n%s", got, want)
	}
	if got, want := r.Values(true), "image:\n  pull: Always\n  tag: \"1.27\"\n"; got != want {
		t.Errorf("all values are\n%swant\n%s", got, want)
	}
	before, err := Decode(secret(t, release(1, "1.26")))
	if err != nil {
		t.Fatal(err)
	}
	values, manifest := r.Diff(before)
	text := ""
	for _, l := range append(values, manifest...) {
		text += string(l.Op) + strings.TrimSpace(l.Text) + "\n"
	}
	for _, want := range []string{`-tag: "1.26"`, `+tag: "1.27"`, "-image: nginx:1.26", "+image: nginx:1.27"} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the diff lacks %q:\n%s", want, text)
		}
	}
}

func TestWhatIsNoReleaseIsAnError(t *testing.T) {
	half := secret(t, release(1, "x"))
	half.Data["release"] = half.Data["release"][:len(half.Data["release"])/2/4*4]
	for name, s := range map[string]*corev1.Secret{
		"nothing":    {},
		"not base64": {Data: map[string][]byte{"release": []byte("!!")}},
		"not JSON":   {Data: map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString([]byte("hello")))}},
		"half":       half,
	} {
		if _, err := Decode(s); !errors.Is(err, ErrNotARelease) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(`{"name":"web"}`))))
	f.Add(secret(f, release(1, "1")).Data["release"])
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Decode(&corev1.Secret{Data: map[string][]byte{"release": data}})
		if err == nil {
			r.Values(true)
			r.Diff(r)
		}
	})
}
