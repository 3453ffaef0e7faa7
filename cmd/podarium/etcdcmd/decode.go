package etcdcmd

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/decrypt"
)

// maxInput bounds what decode reads: etcd's own limit for a request is 1.5 MB.
const maxInput = 256 << 20

func (o *options) decode() *cobra.Command {
	var key, input string
	cmd := &cobra.Command{
		Use:   "decode [FILE]",
		Short: "Decode a value from a file or standard input",
		Long: `Reads one value as raw bytes, base64 or hex (told apart by looking), or the output of etcdctl get -w json with any
number of keys, and prints what it means. It needs no etcd.`,
		Example: `  etcdctl get /registry/pods/default/web -w json | podarium etcd decode
  etcdctl get /registry/pods/default/web --print-value-only | podarium etcd decode
  echo azhzAAo… | podarium etcd decode -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := cmd.InOrStdin()
			if len(args) == 1 && args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			b, err := io.ReadAll(io.LimitReader(in, maxInput+1))
			if err != nil {
				return fmt.Errorf("read the value: %w", err)
			}
			if len(b) > maxInput {
				return fmt.Errorf("the input is larger than %s", etcdview.Size(maxInput))
			}
			d := decode.Options{Prefix: o.prefix, ShowSecrets: o.showSecrets}
			if o.encryption != "" {
				if d.Decrypter, err = decrypt.Load(cmd.Context(), o.encryption, decrypt.Options{Prefix: o.prefix, KMS: o.kms}); err != nil {
					return err
				}
			}
			return o.decodeInput(cmd.Context(), cmd.OutOrStdout(), b, key, input, d)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the etcd key that the value belongs to (it authenticates encrypted values)")
	cmd.Flags().StringVar(&input, "input", "auto", "how the input is written: auto, raw, base64, hex or etcdctl")
	complete(cmd, "input", "auto", "raw", "base64", "hex", "etcdctl")
	return cmd
}

func (o *options) decodeInput(ctx context.Context, w io.Writer, b []byte, key, input string, d decode.Options) error {
	kvs, err := readInput(b, key, input)
	if err != nil {
		return err
	}
	p := &printer{w: w, format: o.output, decode: d, value: input != "etcdctl" && len(kvs) == 1 && kvs[0].ModRevision == 0}
	var failed error
	for _, kv := range kvs {
		if v := decode.Decode(ctx, kv.Key, kv.Value, d); v.Err != nil && failed == nil {
			failed = v.Err
		}
		if err := p.kv(ctx, kv); err != nil {
			return err
		}
	}
	if err := p.end(); err != nil {
		return err
	}
	return failed
}

// readInput finds out how a value is written. Raw bytes of a form that package decode knows go before everything else.
func readInput(b []byte, key, input string) ([]etcdview.KV, error) {
	one := func(v []byte) []etcdview.KV { return []etcdview.KV{{Key: key, Value: v}} }
	text := strings.Join(strings.Fields(string(b)), "")
	switch input {
	case "raw":
		return one(b), nil
	case "base64":
		v, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("the input is not base64: %w", err)
		}
		return one(v), nil
	case "hex":
		v, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("the input is not hex: %w", err)
		}
		return one(v), nil
	case "etcdctl":
		kvs, ok := etcdctlOutput(b)
		if !ok {
			return nil, fmt.Errorf("the input is not the output of etcdctl get -w json")
		}
		return kvs, nil
	case "auto":
	default:
		return nil, usage("--input %s: not one of auto, raw, base64, hex, etcdctl", input)
	}
	if kvs, ok := etcdctlOutput(b); ok {
		return kvs, nil
	}
	if v := decode.Decode(context.Background(), "", b, decode.Options{}); v.Form == decode.Text || v.Form == decode.Number {
		if x, err := hex.DecodeString(text); err == nil && len(x) > 3 {
			return one(x), nil
		}
		if x, err := base64.StdEncoding.DecodeString(text); err == nil && len(x) > 3 {
			return one(x), nil
		}
	}
	// etcdctl and terminals end a value with a line end that is not part of it.
	if bytes.HasPrefix(b, []byte("k8s\x00")) {
		if v := decode.Decode(context.Background(), key, b, decode.Options{}); v.Err != nil {
			b = bytes.TrimSuffix(b, []byte("\n"))
		}
	}
	return one(b), nil
}

// etcdctlOutput reads what etcdctl get -w json prints.
func etcdctlOutput(b []byte) ([]etcdview.KV, bool) {
	var out struct {
		Header *struct{} `json:"header"`
		KVs    []struct {
			Key     []byte `json:"key"`
			Value   []byte `json:"value"`
			Create  int64  `json:"create_revision"`
			Mod     int64  `json:"mod_revision"`
			Version int64  `json:"version"`
			Lease   int64  `json:"lease"`
		} `json:"kvs"`
	}
	if json.Unmarshal(b, &out) != nil || out.Header == nil {
		return nil, false
	}
	var kvs []etcdview.KV
	for _, kv := range out.KVs {
		kvs = append(kvs, etcdview.KV{Key: string(kv.Key), Value: kv.Value, CreateRevision: kv.Create, ModRevision: kv.Mod, Version: kv.Version, Lease: kv.Lease})
	}
	return kvs, true
}
