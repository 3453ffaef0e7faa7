package decrypt

import (
	"context"
	"crypto/cipher"
	"fmt"
	"net"
	"time"

	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"k8s.io/apiserver/pkg/storage/value"
	aestransformer "k8s.io/apiserver/pkg/storage/value/encrypt/aes"
	"k8s.io/apiserver/pkg/storage/value/encrypt/envelope"
	"k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2"
	kmstypes "k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2/v2"
	kmsutil "k8s.io/kms/pkg/util"
)

// kmsTimeout is what an API server gives a plugin where its configuration does not say.
const kmsTimeout = 3 * time.Second

// dialKMS connects to a KMS plugin, until the context ends, and asks it how it is. It only ever asks to decrypt: the API
// server's own way of loading a configuration would have the plugin encrypt a new key first.
func dialKMS(ctx context.Context, c *apiserverv1.KMSConfiguration) (value.Transformer, error) {
	timeout := kmsTimeout
	if c.Timeout != nil && c.Timeout.Duration > 0 {
		timeout = c.Timeout.Duration
	}
	failed := func(err error) error {
		return fmt.Errorf("KMS plugin %s at %s: %w", c.Name, c.Endpoint, err)
	}
	// Looked at first: grpc would try again and again, and say less.
	addr, err := kmsutil.ParseEndpoint(c.Endpoint)
	if err != nil {
		return nil, failed(err)
	}
	asked, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(asked, "unix", addr)
	if err != nil {
		return nil, failed(fmt.Errorf("it does not answer: %w", err))
	}
	conn.Close()
	if c.APIVersion != "v2" {
		s, err := envelope.NewGRPCService(ctx, c.Endpoint, timeout)
		if err != nil {
			return nil, failed(err)
		}
		const cached = 1000 // keys: every value has its own
		return envelope.NewEnvelopeTransformer(s, cached, gcmOrCBC), nil
	}
	s, err := kmsv2.NewGRPCService(ctx, c.Endpoint, c.Name, timeout)
	if err != nil {
		return nil, failed(err)
	}
	status, err := s.Status(asked)
	if err != nil {
		return nil, failed(fmt.Errorf("it does not answer: %w", err))
	}
	// The state says what new values are encrypted with. Of it, reading uses the key's name alone, to tell old values.
	state := func() (kmsv2.State, error) {
		return kmsv2.State{EncryptedObjectKeyID: status.KeyID, EncryptedObjectEncryptedDEKSourceType: kmstypes.EncryptedDEKSourceType_HKDF_SHA256_XNONCE_AES_GCM_SEED}, nil
	}
	return kmsv2.NewEnvelopeTransformer(s, c.Name, state, "podarium"), nil
}

// gcmOrCBC reads what API servers since 1.25 and those before wrote with the older protocol.
func gcmOrCBC(b cipher.Block) (value.Transformer, error) {
	gcm, err := aestransformer.NewGCMTransformer(b)
	return &either{gcm, aestransformer.NewCBCTransformer(b)}, err
}

type either struct {
	value.Transformer
	second value.Transformer
}

func (e *either) TransformFromStorage(ctx context.Context, data []byte, dataCtx value.Context) ([]byte, bool, error) {
	if plain, stale, err := e.Transformer.TransformFromStorage(ctx, data, dataCtx); err == nil {
		return plain, stale, nil
	}
	plain, _, err := e.second.TransformFromStorage(ctx, data, dataCtx)
	return plain, true, err
}
