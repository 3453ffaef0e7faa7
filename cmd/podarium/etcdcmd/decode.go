package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/decrypt"
	"github.com/podarium/podarium/etcdview/input"
)

// maxInput bounds what decode reads: etcd's own limit for a request is 1.5 MB.
const maxInput = 256 << 20

func (o *options) decode() *cobra.Command {
	var key, form string
	var nested bool
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
			return o.decodeInput(cmd.Context(), cmd.OutOrStdout(), b, key, form, nested, d)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the etcd key that the value belongs to (it authenticates encrypted values)")
	cmd.Flags().StringVar(&form, "input", "auto", "how the input is written: auto, raw, base64, hex or etcdctl")
	nestedFlag(cmd, &nested)
	complete(cmd, "input", input.Forms()...)
	return cmd
}

func (o *options) decodeInput(ctx context.Context, w io.Writer, b []byte, key, form string, nested bool, d decode.Options) error {
	kvs, err := input.Read(b, key, input.Form(form))
	if errors.Is(err, input.ErrForm) {
		return usage("--input %w", err)
	}
	if err != nil {
		return err
	}
	p := &printer{w: w, format: o.output, decode: d, nested: nested, value: form != string(input.Etcdctl) && len(kvs) == 1 && kvs[0].ModRevision == 0}
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
