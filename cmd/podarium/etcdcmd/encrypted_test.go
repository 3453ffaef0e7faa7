package etcdcmd_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"
)

// TestEncryptedStore reads a store that API servers have encrypted with several keys over time, by Kubernetes' own code: with
// the configuration, of which one key is not the right one, and without.
func TestEncryptedStore(t *testing.T) {
	s, _, c := own(t)
	dir := t.TempDir()
	config := func(name string, providers ...string) string {
		file := filepath.Join(dir, name)
		text := "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n" + strings.Join(providers, "")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	provider := func(kind, name, fill string) string {
		return fmt.Sprintf("  - %s: {keys: [{name: %s, secret: %s}]}\n", kind, name, base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, 32))))
	}
	store := func(name, file string) {
		t.Helper()
		loaded, err := encryptionconfig.LoadEncryptionConfig(t.Context(), file, false, "test")
		if err != nil {
			t.Fatal(err)
		}
		plain := encode(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Data: map[string][]byte{"pw": []byte("hunter2")}}, "Secret")
		key := "/registry/secrets/default/" + name
		b, err := encryptionconfig.StaticTransformers(loaded.Transformers).TransformerForResource(schema.GroupResource{Resource: "secrets"}).
			TransformToStorage(t.Context(), plain, value.DefaultContext(key))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(t.Context(), key, string(b)); err != nil {
			t.Fatal(err)
		}
	}
	store("new", config("new", provider("aesgcm", "gcm", "a")))
	store("old", config("old", provider("aescbc", "cbc", "b")))
	store("lost", config("lost", provider("secretbox", "box", "c")))
	now := config("now", provider("aesgcm", "gcm", "a"), provider("aescbc", "cbc", "b"), provider("secretbox", "box", "x"))

	s.want(s.run("", 0, "audit", "--versions"), "3 values are encrypted and were not looked into", "aescbc, key cbc", "undecodable values: 0\n", "values encrypted with an old key: 0\n")
	out := s.run("", 1, "audit", "--versions", "--encryption-config", now)
	s.want(out, "undecodable values: 1\n", "values encrypted with an old key: 1\n", "/registry/secrets/default/old", "not the current key", "the key is wrong")
	if strings.Contains(out, "were not looked into") {
		t.Error(out)
	}
	s.want(s.run("", 0, "get", "/registry/secrets/default/old", "--encryption-config", now), "v1 Secret, protobuf, encrypted with aescbc, key cbc, not the current key", "pw: <masked, 7 bytes>")
	s.want(s.run("", 0, "get", "/registry/secrets/default/new", "--encryption-config", now, "--show-secrets"), "pw: aHVudGVyMg==")
	s.want(s.run("", 0, "get", "/registry/secrets/default/new"), "encrypted with aesgcm, key gcm")
	s.want(s.run("", 0, "search", "--field", "data.pw", "--value", "masked", "--encryption-config", now), "/registry/secrets/default/new\n", "/registry/secrets/default/old\n")
	s.want(s.run("", 0, "extract", "secrets", "default/new", "--encryption-config", now, "--show-secrets"), "pw: aHVudGVyMg==", "kind: Secret")
	s.want(s.run("", 2, "get", "/registry/secrets/default/new", "--kms"), "--kms needs --encryption-config")
	snap := filepath.Join(dir, "snap.db")
	s.run("", 0, "snapshot", "save", snap)
	s.want(s.run("", 1, "--snapshot", snap, "audit", "--encryption-config", now), "undecodable values: 1\n", "values encrypted with an old key: 1\n")
}
