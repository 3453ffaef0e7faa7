package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
)

func (o *options) get() *cobra.Command {
	var keysOnly, valueOnly, countOnly, hexadecimal, nested bool
	var some selection
	var sorted sorting
	cmd := &cobra.Command{
		Use:   "get KEY...",
		Short: "Print keys with their values decoded",
		Example: `  podarium etcd get /registry/pods/default/web
  podarium etcd get /registry/pods/default/web --rev 4711 -o json
  podarium etcd get /registry/secrets/ --prefix --keys-only
  podarium etcd get /registry/configmaps/default/app -o raw > value.bin
  podarium etcd get /registry/secrets/default/sh.helm.release.v1.web.v1 --nested --show-secrets
  podarium etcd get /registry/ --prefix --sort-by size --order descend --limit 10 -o table`,
		ValidArgsFunction: o.completeKeys,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !some.many() {
				return usage("get needs a key, or --prefix for all keys\nSee '%s --help'", cmd.CommandPath())
			}
			if len(args) == 0 {
				args = []string{""}
			}
			if err := errors.Join(some.validate(), sorted.validate()); err != nil {
				return err
			}
			if hexadecimal {
				o.output = "hex"
			}
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				if countOnly {
					return some.count(ctx, t, w, args)
				}
				p := &printer{w: w, format: o.output, decode: t.Decode, keysOnly: keysOnly, value: valueOnly, nested: nested}
				for _, key := range args {
					get := some.get
					if some.many() && sorted.asked() {
						get = func(ctx context.Context, t *Target, p *printer, key string) error {
							return sorted.get(ctx, t, p, key, &some)
						}
					}
					if err := get(ctx, t, p, etcdview.ParseKey(key)); err != nil {
						return errors.Join(notFound(hint(ctx, t, etcdview.ParseKey(key), some.rev, err)), p.end())
					}
				}
				return p.end()
			})
		},
	}
	fs := cmd.Flags()
	some.addFlags(fs)
	fs.BoolVar(&keysOnly, "keys-only", false, "print keys without values")
	fs.BoolVar(&countOnly, "count-only", false, "print how many keys there are")
	fs.BoolVar(&valueOnly, "print-value-only", false, "print values without the lines about their keys")
	nestedFlag(cmd, &nested)
	fs.BoolVar(&hexadecimal, "hex", false, "etcdctl's word for -o hex")
	sorted.addFlags(cmd)
	return cmd
}

func nestedFlag(cmd *cobra.Command, nested *bool) {
	cmd.Flags().BoolVar(nested, "nested", false, "print below each value what is written within it in base64, gzip or JSON, such as Helm releases")
}

// registryRoot is what an API server's keys begin with, unless it was told otherwise (--etcd-prefix).
const registryRoot = "/registry/"

// hint adds to a missing key that others begin with it, or that it was named as Kubernetes names things.
func hint(ctx context.Context, t *Target, key string, rev int64, err error) error {
	if !errors.Is(err, etcdview.ErrNotFound) {
		return err
	}
	if n, e := t.Reader.Counts(ctx, []string{key}, rev); e == nil && n[0] > 0 {
		return fmt.Errorf("%w, but %d keys begin with it: --prefix", err, n[0])
	}
	if whole := registryRoot + key; !strings.HasPrefix(key, "/") {
		if n, e := t.Reader.Counts(ctx, []string{whole}, rev); e == nil && n[0] > 0 {
			return fmt.Errorf("%w: did you mean %s?", err, etcdview.Printable(whole))
		}
	}
	return err
}

// entry is one line of ls.
type entry struct {
	Name        string `json:"name"`
	Path        string `json:"path"`
	Dir         bool   `json:"dir,omitempty"`
	Keys        int64  `json:"keys,omitempty"`
	ModRevision int64  `json:"modRevision,omitempty"`
	Version     int64  `json:"version,omitempty"`
	Resource    string `json:"resource,omitempty"`
	// Children are those of a directory that tree has opened.
	Children []entry `json:"children,omitempty"`
}

func (o *options) ls() *cobra.Command {
	var rev int64
	cmd := &cobra.Command{
		Use:   "ls [DIRECTORY]",
		Short: "List a directory of keys: what slashes make of them",
		Example: `  podarium etcd ls
  podarium etcd ls /registry/pods/default/ -o jsonl`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				dir, err := directory(ctx, t, args, rev)
				if err != nil {
					return err
				}
				list, err := o.list(ctx, t, dir, rev)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					return &ExitError{exitNotFound, fmt.Errorf("%s: no keys there", etcdview.Printable(dir))}
				}
				return printValue(w, o.output, list, func(tw *tabwriter.Writer) {
					if given := strings.Join(args, ""); strings.TrimSuffix(etcdview.ParseKey(given), "/") != strings.TrimSuffix(dir, "/") {
						fmt.Fprintf(tw, "in %s\n", etcdview.Printable(dir))
					}
					fmt.Fprintln(tw, "NAME\tKEYS\tMODIFIED\tVERSION\tRESOURCE")
					for _, e := range list {
						if e.Dir {
							fmt.Fprintf(tw, "%s/\t%d\t\t\t%s\n", e.Name, e.Keys, e.Resource)
						} else {
							fmt.Fprintf(tw, "%s\t\t%d\t%d\t%s\n", e.Name, e.ModRevision, e.Version, e.Resource)
						}
					}
				})
			})
		},
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "revision to read at (default: now)")
	return cmd
}

// directory is the argument, with a slash at its end, or the first directory that holds more than another one.
func directory(ctx context.Context, t *Target, args []string, rev int64) (string, error) {
	dir := ""
	if len(args) > 0 {
		dir = etcdview.ParseKey(args[0])
	}
	if dir != "" && !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	return t.Reader.OnlyDir(ctx, dir, rev)
}

func (o *options) list(ctx context.Context, t *Target, dir string, rev int64) ([]entry, error) {
	var list []entry
	var dirs []string
	var at []int
	for from := ""; ; {
		c, err := t.Reader.Children(ctx, etcdview.ChildrenOptions{Dir: dir, From: from, Revision: rev})
		if err != nil {
			return nil, err
		}
		rev = c.Revision
		for _, n := range c.Nodes {
			e := entry{Name: etcdview.Printable(n.Name), Path: etcdview.Printable(n.Path), Dir: n.Dir, ModRevision: n.KV.ModRevision, Version: n.KV.Version}
			if n.Dir {
				dirs, at = append(dirs, n.Path), append(at, len(list))
			}
			e.Resource = o.resource(n)
			list = append(list, e)
		}
		if from = c.Next; from == "" {
			break
		}
	}
	counts, err := t.Reader.Counts(ctx, dirs, rev)
	if err != nil {
		return nil, err
	}
	for i, n := range counts {
		list[at[i]].Keys = n
	}
	return list, nil
}
