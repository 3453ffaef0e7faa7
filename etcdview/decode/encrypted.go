package decode

import (
	"bytes"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encryption describes how a Kubernetes API server encrypted a value at rest.
type Encryption struct {
	// Provider is aescbc, aesgcm, secretbox or kms.
	Provider string
	// Version is the format's: v1, or v2 for the newer KMS protocol.
	Version string
	// KeyName is the name of the key, or of the KMS provider, in the EncryptionConfiguration.
	KeyName string
	// KeyID is what a KMS v2 plugin calls its key; it is readable without the key.
	KeyID string
	// Decrypted says that the value was decrypted.
	Decrypted bool
	// Stale says that another key than the first of the configuration wrote the value: it awaits rewriting.
	Stale bool
}

// String is what a screen shows.
func (e *Encryption) String() string {
	s := "encrypted with " + e.Provider
	if e.Version != "v1" {
		s += " " + e.Version
	}
	s += fmt.Sprintf(", key %s", e.KeyName)
	if e.KeyID != "" {
		s += fmt.Sprintf(" (%s)", e.KeyID)
	}
	if e.Stale {
		s += ", not the current key"
	}
	return s
}

var encryptionMagic = []byte("k8s:enc:")

// parseEncryption reads the head of an encrypted value, k8s:enc:PROVIDER:VERSION:KEY:, of which the providers are
// listed in k8s.io/apiserver/pkg/server/options/encryptionconfig.
func parseEncryption(b []byte) (Encryption, bool) {
	rest, ok := bytes.CutPrefix(b, encryptionMagic)
	if !ok {
		return Encryption{}, false
	}
	const longest = 1024 // key names are short; what is longer is the encrypted part
	head := strings.SplitN(string(rest[:min(len(rest), longest)]), ":", 4)
	e := Encryption{Provider: printable(head[0])}
	if len(head) > 1 {
		e.Version = printable(head[1])
	}
	if len(head) < 4 {
		return e, true
	}
	e.KeyName = printable(head[2])
	body := rest[len(head[0])+len(head[1])+len(head[2])+3:]
	if e.Provider == "kms" && e.Version == "v2" {
		if id, ok := firstMessage(body, kmsV2KeyID); ok {
			e.KeyID = printable(string(id))
		}
	}
	return e, true
}

// kmsV2KeyID is the field keyID of EncryptedObject (apiserver/pkg/storage/value/encrypt/envelope/kmsv2/v2/api.proto).
const kmsV2KeyID protowire.Number = 2

// printable keeps control characters of a damaged value from a terminal.
func printable(s string) string {
	if plainString([]byte(s)) {
		return s
	}
	return fmt.Sprintf("%q", s)
}
