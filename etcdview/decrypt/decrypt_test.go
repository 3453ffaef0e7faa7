package decrypt_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"

	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/decrypt"
)

func secret(fill string, n int) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, n)))
}

func config(t testing.TB, providers string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "enc.yaml")
	text := "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets, \"*.example.com\"]\n  providers:\n" + providers
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func provider(kind, name, fill string) string {
	return fmt.Sprintf("  - %s: {keys: [{name: %s, secret: %s}]}\n", kind, name, secret(fill, 32))
}

// encrypt does what an API server with this configuration does.
func encrypt(t testing.TB, path, key, plain string) []byte {
	t.Helper()
	c, err := encryptionconfig.LoadEncryptionConfig(t.Context(), path, false, "test")
	if err != nil {
		t.Fatal(err)
	}
	b, err := encryptionconfig.StaticTransformers(c.Transformers).TransformerForResource(schema.GroupResource{Resource: "secrets"}).
		TransformToStorage(t.Context(), []byte(plain), value.DefaultContext(key))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKubernetesOwnTransformers(t *testing.T) {
	const key, plain = "/registry/secrets/default/s", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"default"}}`
	for _, kind := range []string{"aescbc", "aesgcm", "secretbox"} {
		t.Run(kind, func(t *testing.T) {
			stored := encrypt(t, config(t, provider(kind, "one", "a")), key, plain)
			open := func(providers string) decode.Options {
				d, err := decrypt.Load(t.Context(), config(t, providers), decrypt.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return decode.Options{Decrypter: d}
			}
			right := decode.Decode(t.Context(), key, stored, open(provider(kind, "one", "a")))
			if right.Err != nil || right.StoredAs.Kind != "Secret" || right.Encryption == nil || !right.Encryption.Decrypted || right.Encryption.Stale || !right.Masked() {
				t.Errorf("the right key: %s, %v", right.Label(), right.Err)
			}
			rotated := decode.Decode(t.Context(), key, stored, open(provider("secretbox", "new", "z")+provider(kind, "one", "a")))
			if rotated.Err != nil || !rotated.Encryption.Stale {
				t.Errorf("a rotated key: %s, %v", rotated.Label(), rotated.Err)
			}
			wrong := decode.Decode(t.Context(), key, stored, open(provider(kind, "one", "b")))
			if wrong.Err == nil || wrong.Form != decode.Encrypted {
				t.Errorf("a wrong key: %s", wrong.Label())
			}
			other := decode.Decode(t.Context(), key, stored, open(provider(kind, "two", "a")))
			if !errors.Is(other.Err, decrypt.ErrNoKey) {
				t.Errorf("a key of another name: %v", other.Err)
			}
			moved := decode.Decode(t.Context(), "/registry/secrets/default/other", stored, open(provider(kind, "one", "a")))
			if (moved.Err == nil) != (kind != "aesgcm") {
				t.Errorf("copied to another key: %v", moved.Err) // only GCM is bound to its key
			}
			damaged := append([]byte{}, stored...)
			damaged[len(damaged)-1] ^= 1
			if v := decode.Decode(t.Context(), key, damaged, open(provider(kind, "one", "a"))); v.Err == nil {
				t.Errorf("damaged: %s", v.Label())
			}
			if v := decode.Decode(t.Context(), key, stored, decode.Options{}); v.Err != nil || !strings.Contains(v.Label(), kind+", key one") {
				t.Errorf("without a key: %s, %v", v.Label(), v.Err)
			}
		})
	}
}

func TestBadConfigurations(t *testing.T) {
	for name, text := range map[string]string{
		"no such file":  "",
		"not base64":    "  - aescbc: {keys: [{name: a, secret: '!!!'}]}\n",
		"short key":     "  - secretbox: {keys: [{name: a, secret: YWJj}]}\n",
		"unknown field": "  - rot13: {}\n",
	} {
		path := "/nonexistent"
		if text != "" {
			path = config(t, text)
		}
		_, err := decrypt.Load(context.Background(), path, decrypt.Options{})
		if err == nil {
			t.Errorf("%s was taken", name)
		} else if strings.Contains(err.Error(), "YWJj") {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}

// FuzzDecrypt decrypts any bytes with every provider: what was not encrypted with the key never comes out as a value.
func FuzzDecrypt(f *testing.F) {
	path := config(f, provider("aesgcm", "one", "a")+provider("secretbox", "two", "b")+provider("aescbc", "three", "c"))
	d, err := decrypt.Load(f.Context(), path, decrypt.Options{KMS: true})
	if err != nil {
		f.Fatal(err)
	}
	const key = "/registry/secrets/default/s"
	genuine := encrypt(f, path, key, "plain")
	for _, b := range []string{string(genuine), "k8s:enc:secretbox:v1:two:short", "k8s:enc:aescbc:v1:three:0123456789abcdef0123456789abcdef", "k8s:enc:kms:v2:x:", "k8s:enc:", ""} {
		f.Add(key, []byte(b))
	}
	f.Fuzz(func(t *testing.T, key string, b []byte) {
		plain, _, err := d.Decrypt(t.Context(), key, b)
		authenticated := strings.HasPrefix(string(b), "k8s:enc:aesgcm:") || strings.HasPrefix(string(b), "k8s:enc:secretbox:")
		if err == nil && authenticated && string(plain) != "plain" { // what seeds hold
			t.Errorf("%q was decrypted to %q", b, plain)
		}
	})
}
