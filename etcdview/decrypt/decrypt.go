// Package decrypt reads values that a Kubernetes API server encrypted at rest, given the server's own
// EncryptionConfiguration file.
//
// Keys in the file (aescbc, aesgcm, secretbox) are used in this process, by Kubernetes' own transformers; no key and
// no plain value is kept beyond the call or logged. KMS providers need their plugin's socket, so they are dialled only
// when Options.KMS asks for it; their values stay labelled otherwise.
package decrypt

import (
	"bytes"
	"context"
	"crypto/aes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/podarium/podarium/etcdview/registry"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"k8s.io/apiserver/pkg/storage/value"
	aestransformer "k8s.io/apiserver/pkg/storage/value/encrypt/aes"
	"k8s.io/apiserver/pkg/storage/value/encrypt/secretbox"
	"sigs.k8s.io/yaml"
)

// ErrNoKey is returned when the configuration has no key of the name that a value was encrypted with.
var ErrNoKey = errors.New("the encryption configuration has no such key")

// Options say how to use a configuration.
type Options struct {
	// Prefix is the API server's --etcd-prefix; empty means any in common use.
	Prefix string
	// KMS dials the KMS plugins that the configuration names, for as long as Load's context lives; one that does not answer
	// is an error. They are asked how they are and to decrypt, never to encrypt.
	KMS bool
}

// Decrypter is a decode.Decrypter.
type Decrypter struct {
	prefix string
	// resources are in the order of the file: the first that matches is the one that the API server uses.
	resources []resource
	kms       bool
}

type resource struct {
	names []string
	keys  []key
}

// key is one key of one provider.
type key struct {
	prefix      []byte // k8s:enc:PROVIDER:v1:NAME:
	primary     bool   // new values are written with it
	plugin      string // the name of the KMS plugin that holds it, empty for one of the file
	transformer value.Transformer
}

// Load reads an EncryptionConfiguration. Errors name what in it is wrong, never a key.
func Load(ctx context.Context, path string, o Options) (*Decrypter, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("encryption configuration: %w", err)
	}
	var c apiserverv1.EncryptionConfiguration
	if err := yaml.UnmarshalStrict(data, &c); err != nil {
		return nil, fmt.Errorf("encryption configuration %s: %w", path, err)
	}
	if c.Kind != "EncryptionConfiguration" {
		return nil, fmt.Errorf("encryption configuration %s: its kind is %q, not EncryptionConfiguration", path, c.Kind)
	}
	d := &Decrypter{prefix: o.Prefix, kms: o.KMS}
	for i, r := range c.Resources {
		keys, err := keysOf(r.Providers)
		if err == nil && o.KMS {
			keys, err = d.plugins(ctx, keys, r.Providers)
		}
		if err != nil {
			return nil, fmt.Errorf("encryption configuration %s: resources[%d]: %w", path, i, err)
		}
		d.resources = append(d.resources, resource{names: r.Resources, keys: keys})
	}
	return d, nil
}

// plugins adds the keys of KMS plugins, each of which is dialled once.
func (d *Decrypter) plugins(ctx context.Context, keys []key, providers []apiserverv1.ProviderConfiguration) ([]key, error) {
	for i, p := range providers {
		if p.KMS == nil {
			continue
		}
		version := p.KMS.APIVersion
		if version == "" {
			version = "v1"
		}
		k := key{prefix: []byte("k8s:enc:kms:" + version + ":" + p.KMS.Name + ":"), primary: i == 0, plugin: p.KMS.Name}
		for _, r := range d.resources {
			for _, other := range r.keys {
				if bytes.Equal(other.prefix, k.prefix) {
					k.transformer = other.transformer
				}
			}
		}
		if k.transformer == nil {
			var err error
			if k.transformer, err = dialKMS(ctx, p.KMS); err != nil {
				return nil, err
			}
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func keysOf(providers []apiserverv1.ProviderConfiguration) ([]key, error) {
	var keys []key
	for i, p := range providers {
		var err error
		add := func(provider string, list []apiserverv1.Key, make func([]byte) (value.Transformer, error)) {
			for j, k := range list {
				if err != nil {
					return
				}
				var secret []byte
				if secret, err = base64.StdEncoding.DecodeString(k.Secret); err != nil {
					err = fmt.Errorf("%s key %q: the secret is not base64", provider, k.Name)
					return
				}
				t, e := make(secret)
				if e != nil {
					err = fmt.Errorf("%s key %q: %w", provider, k.Name, e)
					return
				}
				keys = append(keys, key{prefix: []byte("k8s:enc:" + provider + ":v1:" + k.Name + ":"), primary: i == 0 && j == 0, transformer: t})
			}
		}
		switch {
		case p.AESCBC != nil:
			add("aescbc", p.AESCBC.Keys, newCBC)
		case p.AESGCM != nil:
			add("aesgcm", p.AESGCM.Keys, newGCM)
		case p.Secretbox != nil:
			add("secretbox", p.Secretbox.Keys, newSecretbox)
		}
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func newCBC(secret []byte) (value.Transformer, error) {
	b, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return aestransformer.NewCBCTransformer(b), nil
}

func newGCM(secret []byte) (value.Transformer, error) {
	b, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return aestransformer.NewGCMTransformer(b)
}

func newSecretbox(secret []byte) (value.Transformer, error) {
	if len(secret) != 32 {
		return nil, fmt.Errorf("the secret has %d bytes, not 32", len(secret))
	}
	return secretbox.NewSecretboxTransformer([32]byte(secret)), nil
}

// Decrypt decrypts a value with the key that it names: the one configured for the key's resource first, then those of
// other resources, as a store may be older than its configuration.
func (d *Decrypter) Decrypt(ctx context.Context, etcdKey string, data []byte) ([]byte, bool, error) {
	o, _ := registry.Parse(d.prefix, etcdKey)
	if bytes.HasPrefix(data, []byte("k8s:enc:kms:")) && !d.kms {
		return nil, false, errors.New("its key is with a KMS plugin, which is dialled only with --kms")
	}
	own := d.matching(o.GroupResource)
	err := ErrNoKey
	for _, sameResource := range []bool{true, false} {
		for i := range d.resources {
			if (i == own) != sameResource {
				continue
			}
			for _, k := range d.resources[i].keys {
				rest, ok := bytes.CutPrefix(data, k.prefix)
				if !ok {
					continue
				}
				plain, stale, e := transform(ctx, k.transformer, rest, etcdKey)
				if e == nil {
					return plain, stale || !sameResource || !k.primary, nil
				}
				if k.plugin != "" {
					err = fmt.Errorf("KMS plugin %s: %w", k.plugin, e)
					continue
				}
				err = fmt.Errorf("the key is wrong, or the value is damaged or was copied from another key: %w", e)
			}
		}
	}
	return nil, false, err
}

// transform decrypts. Kubernetes' transformers take it that a value was encrypted by them: that for aescbc panics on one
// that ends behind its head.
func transform(ctx context.Context, t value.Transformer, data []byte, etcdKey string) (plain []byte, stale bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			plain, stale, err = nil, false, fmt.Errorf("cut short: %v", p)
		}
	}()
	return t.TransformFromStorage(ctx, data, value.DefaultContext(etcdKey))
}

// matching is the resources entry that the API server uses for a resource, -1 where there is none: exact names go
// before *.GROUP, and that before *.*.
func (d *Decrypter) matching(gr schema.GroupResource) int {
	for _, want := range []string{gr.String(), "*." + gr.Group, "*.*"} {
		for i, r := range d.resources {
			for _, n := range r.names {
				if n == want || strings.TrimSuffix(n, ".") == strings.TrimSuffix(want, ".") {
					return i
				}
			}
		}
	}
	return -1
}
