package decrypt_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"k8s.io/apiserver/pkg/storage/value"
	aestransformer "k8s.io/apiserver/pkg/storage/value/encrypt/aes"
	"k8s.io/apiserver/pkg/storage/value/encrypt/envelope"
	kmsv1 "k8s.io/apiserver/pkg/storage/value/encrypt/envelope/testing/v1beta1"
	kmsapi "k8s.io/kms/apis/v2"
	"k8s.io/kms/pkg/service"

	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/decrypt"
)

// keeper is a small key management service: AES-GCM with one key in memory.
type keeper struct {
	aead      cipher.AEAD
	keyID     string
	encrypted atomic.Int32
}

func newKeeper(t *testing.T, keyID, fill string) *keeper {
	t.Helper()
	block, err := aes.NewCipher([]byte(strings.Repeat(fill, 32)))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return &keeper{aead: aead, keyID: keyID}
}

func (k *keeper) Status(context.Context) (*service.StatusResponse, error) {
	return &service.StatusResponse{Version: "v2", Healthz: "ok", KeyID: k.keyID}, nil
}

func (k *keeper) Encrypt(_ context.Context, _ string, data []byte) (*service.EncryptResponse, error) {
	k.encrypted.Add(1)
	nonce := make([]byte, k.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return &service.EncryptResponse{Ciphertext: k.aead.Seal(nonce, nonce, data, nil), KeyID: k.keyID}, nil
}

func (k *keeper) Decrypt(_ context.Context, _ string, req *service.DecryptRequest) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(req.Ciphertext) < n {
		return nil, errors.New("too short")
	}
	return k.aead.Open(nil, req.Ciphertext[:n], req.Ciphertext[n:], nil)
}

// plugin serves a keeper on a unix socket, as KMS plugins are served, and returns the endpoint.
func plugin(t *testing.T, k *keeper) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kms") // the paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	kmsapi.RegisterKeyManagementServiceServer(s, service.NewGRPCService(socket, time.Second, k))
	go func() { _ = s.Serve(l) }() // until it is stopped
	t.Cleanup(s.Stop)
	return "unix://" + socket
}

func kms(name, endpoint string) string {
	return fmt.Sprintf("  - kms: {apiVersion: v2, name: %s, endpoint: '%s', timeout: 1s}\n", name, endpoint)
}

// TestKMS reads what an API server's own code wrote with a real KMS v2 plugin.
func TestKMS(t *testing.T) {
	const key, plain = "/registry/secrets/default/s", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"default"}}`
	right := newKeeper(t, "key-1", "a")
	endpoint := plugin(t, right)
	stored := encrypt(t, config(t, kms("vault", endpoint)), key, plain)
	asked := right.encrypted.Load()

	open := func(providers string, opt bool) decode.Options {
		t.Helper()
		d, err := decrypt.Load(t.Context(), config(t, providers), decrypt.Options{KMS: opt})
		if err != nil {
			t.Fatal(err)
		}
		return decode.Options{Decrypter: d}
	}
	v := decode.Decode(t.Context(), key, stored, open(kms("vault", endpoint), true))
	if v.Err != nil || v.StoredAs.Kind != "Secret" || !v.Encryption.Decrypted || v.Encryption.Stale || !v.Masked() {
		t.Errorf("the right plugin: %s, %v", v.Label(), v.Err)
	}
	if n := right.encrypted.Load(); n != asked {
		t.Error("reading made the plugin encrypt something")
	}
	v = decode.Decode(t.Context(), key, stored, open(provider("secretbox", "new", "z")+kms("vault", endpoint), true))
	if v.Err != nil || !v.Encryption.Stale {
		t.Errorf("no longer the first provider: %s, %v", v.Label(), v.Err)
	}
	if v = decode.Decode(t.Context(), "/registry/secrets/default/other", stored, open(kms("vault", endpoint), true)); v.Err == nil {
		t.Error("copied to another key: decrypted all the same")
	}
	damaged := append([]byte{}, stored...)
	damaged[len(damaged)/2] ^= 1
	if v = decode.Decode(t.Context(), key, damaged, open(kms("vault", endpoint), true)); v.Err == nil {
		t.Error("damaged: decrypted all the same")
	}

	rotated := newKeeper(t, "key-2", "a")
	if v = decode.Decode(t.Context(), key, stored, open(kms("vault", plugin(t, rotated)), true)); v.Err != nil || !v.Encryption.Stale {
		t.Errorf("a rotated key: %s, %v", v.Label(), v.Err)
	}
	wrong := open(kms("vault", plugin(t, newKeeper(t, "key-1", "b"))), true)
	if v = decode.Decode(t.Context(), key, stored, wrong); v.Err == nil || !strings.Contains(v.Err.Error(), "KMS plugin vault") || v.Form != decode.Encrypted {
		t.Errorf("a plugin with another key: %s, %v", v.Label(), v.Err)
	}
	if v = decode.Decode(t.Context(), key, stored, open(kms("other", endpoint), true)); !errors.Is(v.Err, decrypt.ErrNoKey) {
		t.Errorf("a plugin of another name: %v", v.Err)
	}
	if v = decode.Decode(t.Context(), key, stored, open(kms("vault", endpoint), false)); v.Err == nil || !strings.Contains(v.Err.Error(), "--kms") {
		t.Errorf("not asked for: %v", v.Err)
	}
	if v = decode.Decode(t.Context(), key, stored, decode.Options{}); v.Err != nil || !strings.Contains(v.Label(), "kms v2, key vault (key-1)") {
		t.Errorf("without a configuration: %s, %v", v.Label(), v.Err)
	}

	for name, endpoint := range map[string]string{"absent": "unix:///nonexistent/kms.sock", "no socket": "tcp://127.0.0.1:1"} {
		_, err := decrypt.Load(t.Context(), config(t, kms("vault", endpoint)), decrypt.Options{KMS: true})
		if err == nil || !strings.Contains(err.Error(), "KMS plugin vault at "+endpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mute, err := net.Listen("unix", filepath.Join(filepath.Dir(strings.TrimPrefix(endpoint, "unix://")), "mute"))
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	if _, err := decrypt.Load(t.Context(), config(t, kms("vault", "unix://"+mute.Addr().String())), decrypt.Options{KMS: true}); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("a plugin that says nothing: %v", err)
	}
}

// TestOlderKMS reads what API servers wrote with the first version of the protocol.
func TestOlderKMS(t *testing.T) {
	const key, plain = "/registry/secrets/default/s", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"default"}}`
	dir, err := os.MkdirTemp("", "kms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	kmsv1.NewBase64Plugin(t, socket)
	endpoint := "unix://" + socket
	s, err := envelope.NewGRPCService(t.Context(), endpoint, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for form, base := range map[string]func(cipher.Block) (value.Transformer, error){
		"gcm": func(b cipher.Block) (value.Transformer, error) { return aestransformer.NewGCMTransformer(b) },
		"cbc": func(b cipher.Block) (value.Transformer, error) { return aestransformer.NewCBCTransformer(b), nil },
	} {
		body, err := envelope.NewEnvelopeTransformer(s, 0, base).TransformToStorage(t.Context(), []byte(plain), value.DefaultContext(key))
		if err != nil {
			t.Fatal(err)
		}
		stored := append([]byte("k8s:enc:kms:v1:old:"), body...)
		d, err := decrypt.Load(t.Context(), config(t, fmt.Sprintf("  - kms: {name: old, endpoint: '%s'}\n", endpoint)), decrypt.Options{KMS: true})
		if err != nil {
			t.Fatal(err)
		}
		v := decode.Decode(t.Context(), key, stored, decode.Options{Decrypter: d})
		if v.Err != nil || v.StoredAs.Kind != "Secret" || v.Encryption.Stale != (form == "cbc") {
			t.Errorf("%s: %s, %v", form, v.Label(), v.Err)
		}
	}
}
