// Package etcdcmd holds the scriptable commands podarium etcd …: everything of package etcdview without a screen.
//
// What a command prints is stable: tables for people, -o yaml, json, jsonl, raw, base64 and hex for programs. Exit
// codes are 0 for success, 1 where something failed or an audit found something, 2 for a wrong command line, 4 where a
// key was not found.
package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/connect"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/decrypt"
	"github.com/podarium/podarium/etcdview/offline"
)

// Deps are what the commands need of the program around them.
type Deps struct {
	// Embedded connects to the etcd of the running embedded cluster; its errors say how to start one. The client is
	// closed by the commands.
	Embedded func(*cobra.Command) (*clientv3.Client, error)
	// History is the directory where the history of the embedded etcd is recorded. Nil where it is not.
	History func() (string, error)
	// Cluster opens the cluster whose API server apply asks: a context of a kubeconfig, or with both empty podarium's own.
	Cluster func(cmd *cobra.Command, kubeconfig, context string) (*cluster.Cluster, error)
	// DataDir is where operations on any etcd are recorded, and the history of those that are not podarium's own. Nil for the user's cache directory.
	DataDir func() (string, error)
	// Interactive opens the screens on an etcd. Nil where there are none: podarium etcd then shows its help.
	Interactive func(*cobra.Command, Target) error
}

// Target is what the screens are to be opened on.
type Target struct {
	// Name is shown in the header.
	Name string
	// Reader is the etcd, or the file; Store is nil for a file, but where the screens are opened on it.
	Reader etcdview.Reader
	Store  *etcdview.Store
	// History is the directory where the history of this etcd is recorded, empty where it is not.
	History string
	// Decode says how values are decoded.
	Decode decode.Options
	// Own says that it is podarium's own etcd, which may be changed; Writes that another one may be, and RegistryWrites that
	// keys of a Kubernetes registry may be.
	Own, Writes, RegistryWrites bool
	// File is the snapshot or database that is read, empty for a running etcd.
	File string
	// Operations is the directory where what is done to it is recorded, empty for the user's cache directory.
	Operations string
	// Close ends the connection.
	Close func() error
}

// Exit codes of the commands.
const (
	exitUsage    = 2
	exitNotFound = 4
)

// ExitError is an error with the exit code that it asks for.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}
func (e *ExitError) Unwrap() error { return e.Err }

// ExitCode is what the process should end with.
func (e *ExitError) ExitCode() int { return e.Code }

func usage(format string, args ...any) error {
	return &ExitError{exitUsage, fmt.Errorf(format, args...)}
}

// options are the flags that all the commands share.
type options struct {
	deps    Deps
	connect connect.Options

	snapshot, db string
	prefix       string
	showSecrets  bool
	encryption   string
	kms          bool
	output       string
	writeOut     string
	consistency  string
	how          string // a flag of the command line that says how to get into an etcd, not which

	ui guards // of the screens
}

// Command is the command etcd, with all that belongs to it.
func Command(deps Deps) *cobra.Command {
	o := &options{deps: deps}
	cmd := &cobra.Command{
		Use:   "etcd",
		Short: "Look into an etcd: keys, decoded values, watch, history",
		Long: `Everything that etcdctl shows, with every Kubernetes value decoded. On the embedded etcd, on any other by etcdctl's
own flags and ETCDCTL_* variables, or offline on a snapshot or database file.

Secrets are masked in decoded output unless --show-secrets is given; -o raw, base64 and hex print the stored bytes.`,
		Example: `  podarium etcd ls /registry/
  podarium etcd get /registry/pods/default/web
  podarium etcd watch /registry/deployments/ --prefix
  ETCDCTL_CACERT=ca.crt ETCDCTL_CERT=c.crt ETCDCTL_KEY=c.key podarium etcd --endpoints https://10.0.0.1:2379 space
  podarium etcd --snapshot backup.db extract deployments default/web | kubectl apply -f -`,
		Args: cobra.ArbitraryArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil || o.offline() {
				return err
			}
			if err := o.fromEnvironment(cmd); err != nil {
				return &ExitError{exitUsage, err}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageArgs(cmd, args)
			}
			return o.interactive(cmd)
		},
		SilenceUsage: true,
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w\nSee '%s --help'", err, cmd.CommandPath())
	})
	cmd.Flags().BoolVar(&o.ui.allow, "allow-writes", false, "let the screens change an etcd that is not podarium's own")
	cmd.Flags().BoolVar(&o.ui.registry, "allow-registry-writes", false, "let the screens write under a Kubernetes registry, past admission, validation and audit")
	fs := cmd.PersistentFlags()
	o.connect.AddFlags(fs)
	fs.StringVar(&o.snapshot, "snapshot", "", "read this snapshot file instead of a running etcd")
	fs.StringVar(&o.db, "db", "", "read this copy of a member's database (member/snap/db) instead of a running etcd")
	fs.StringVar(&o.prefix, "etcd-prefix", "", "where the API server keeps its objects (default: /registry and other common ones)")
	fs.BoolVar(&o.showSecrets, "show-secrets", false, "show the contents of Secrets in decoded output")
	fs.StringVar(&o.encryption, "encryption-config", "", "EncryptionConfiguration file with the keys of encrypted values")
	fs.BoolVar(&o.kms, "kms", false, "dial the KMS plugins that --encryption-config names")
	fs.StringVarP(&o.output, "output", "o", "", "table, yaml, json, jsonl, raw, base64 or hex")
	fs.StringVarP(&o.writeOut, "write-out", "w", "", "etcdctl's word for --output: simple, table or json")
	fs.StringVar(&o.consistency, "consistency", "l", "l (linearizable: what the cluster has agreed on) or s (serializable: what one member has, without a quorum too)")
	for _, f := range []string{"snapshot", "db", "encryption-config", "cacert", "cert", "key"} {
		_ = cmd.MarkPersistentFlagFilename(f) // the flag exists
	}
	complete(cmd, "output", formats[1:]...)
	complete(cmd, "write-out", "simple", "table", "json")
	complete(cmd, "consistency", "l", "s")
	cmd.AddCommand(o.get(), o.ls(), o.tree(), o.search(), o.watch(), o.history(), o.diff(), o.decode(), o.space(), o.top(), o.audit(),
		o.status(), o.members(), o.member(), o.leases(), o.lease(), o.user(), o.role(), o.snapshotCommand(), o.extract(), o.applyCommand(), o.put(), o.del(), o.undo(),
		o.compact(), o.defrag(), o.reclaim(), o.disarm(), o.moveLeader(), o.journal(), o.recordCommand())
	cmd.AddCommand(o.familiar()...)
	return cmd
}

var formats = []string{"", "table", "yaml", "json", "jsonl", "raw", "base64", "hex"}

func (o *options) validate() error {
	switch o.writeOut {
	case "":
	case "fields", "protobuf":
		return usage("-w %s: not here; -o table, yaml, json, jsonl, raw, base64 or hex", o.writeOut)
	case "simple":
		o.output = ""
	default:
		o.output = o.writeOut
	}
	if o.consistency != "l" && o.consistency != "s" {
		return usage("--consistency %s: not l or s", o.consistency)
	}
	if !slices.Contains(formats, o.output) {
		return usage("-o %s: not one of %s", o.output, strings.Join(formats[1:], ", "))
	}
	if o.snapshot != "" && o.db != "" {
		return usage("--snapshot and --db exclude each other")
	}
	if o.offline() && o.connect.Chosen() {
		return usage("--snapshot and --db read a file: --endpoints and the other connection flags do not apply")
	}
	if o.kms && o.encryption == "" {
		return usage("--kms needs --encryption-config")
	}
	return nil
}

// fromEnvironment takes what the command line does not say from etcdctl's variables: unless it says --data-dir, which names
// podarium's own etcd.
func (o *options) fromEnvironment(cmd *cobra.Command) error {
	for _, name := range []string{"key", "user", "password", "auth-jwt-token", "insecure-skip-tls-verify"} {
		if cmd.Flags().Changed(name) {
			o.how = name
		}
	}
	if dir := cmd.Flags().Lookup("data-dir"); dir != nil && dir.Changed && !o.connect.Chosen() {
		return nil
	}
	return connect.FromEnvironment(cmd.Flags(), os.Getenv)
}

func (o *options) offline() bool { return o.snapshot != "" || o.db != "" }

// open connects to the etcd, or opens the file, that the flags name.
func (o *options) open(cmd *cobra.Command) (*Target, error) {
	d := decode.Options{Prefix: o.prefix, ShowSecrets: o.showSecrets}
	if o.encryption != "" {
		k, err := decrypt.Load(cmd.Context(), o.encryption, decrypt.Options{Prefix: o.prefix, KMS: o.kms})
		if err != nil {
			return nil, err
		}
		d.Decrypter = k
	}
	if o.offline() {
		open := offline.OpenSnapshot
		if o.db != "" {
			open = offline.Open
		}
		db, err := open(cmd.Context(), o.snapshot+o.db)
		if err != nil {
			return nil, err
		}
		return &Target{Name: filepath.Base(db.Path()), Reader: db, Decode: d, Close: db.Close}, nil
	}
	client, name, err := o.client(cmd)
	if err != nil {
		return nil, err
	}
	s := etcdview.New(client).WithTimeout(o.connect.CommandTimeout)
	if o.consistency == "s" {
		s.Serializable()
	}
	t := &Target{Name: name, Reader: s, Store: s, Decode: d, Close: client.Close}
	if err := o.useRecording(cmd.Context(), t); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return t, nil
}

func (o *options) client(cmd *cobra.Command) (*clientv3.Client, string, error) {
	connect.Silence()
	if o.connect.Chosen() {
		if err := o.askPassword(cmd); err != nil {
			return nil, "", err
		}
		c, err := o.connect.Client(cmd.Context())
		if err != nil {
			return nil, "", err
		}
		return c, strings.Join(c.Endpoints(), ","), nil
	}
	if o.how != "" {
		return nil, "", usage("--%s says how to get into an etcd: --endpoints says which", o.how)
	}
	if o.deps.Embedded == nil {
		return nil, "", usage("which etcd? Give --endpoints, or --snapshot or --db with a file")
	}
	c, err := o.deps.Embedded(cmd)
	return c, "embedded", err
}

// askPassword asks for the password of a user who gave none, as etcdctl does, where there is somebody to ask.
func (o *options) askPassword(cmd *cobra.Command) error {
	if o.connect.User == "" || o.connect.Password != "" || strings.Contains(o.connect.User, ":") {
		return nil
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil // what follows says how to give it
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Password of %s: ", o.connect.User)
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(cmd.ErrOrStderr())
	o.connect.Password = string(b)
	return err
}

// live is open for what needs a running etcd.
func (o *options) live(cmd *cobra.Command) (*Target, error) {
	if o.offline() {
		return nil, usage("%s needs a running etcd: a file has no %[1]s", cmd.Name())
	}
	return o.open(cmd)
}

// with opens the target, runs f and closes it again.
func (o *options) with(cmd *cobra.Command, f func(context.Context, *Target, io.Writer) error) error {
	t, err := o.open(cmd)
	if err != nil {
		return err
	}
	return errors.Join(f(cmd.Context(), t, cmd.OutOrStdout()), t.Close())
}

func (o *options) withLive(cmd *cobra.Command, f func(context.Context, *Target, io.Writer) error) error {
	t, err := o.live(cmd)
	if err != nil {
		return err
	}
	return errors.Join(f(cmd.Context(), t, cmd.OutOrStdout()), t.Close())
}

func (o *options) interactive(cmd *cobra.Command) error {
	if o.deps.Interactive == nil {
		return cmd.Help()
	}
	t, err := o.open(cmd)
	if err != nil {
		return err
	}
	if db, ok := t.Reader.(*offline.DB); ok {
		if err := serve(t, db); err != nil {
			return errors.Join(err, t.Close())
		}
	}
	t.File = o.snapshot + o.db
	t.Own = !o.offline() && !o.connect.Chosen()
	t.Writes, t.RegistryWrites = !o.offline() && o.ui.allow, !o.offline() && o.ui.registry
	if o.deps.DataDir != nil {
		if t.Operations, err = o.deps.DataDir(); err != nil {
			return errors.Join(err, t.Close())
		}
	}
	return errors.Join(o.deps.Interactive(cmd, *t), t.Close())
}

// serve lets the screens read a file as they read a running etcd.
func serve(t *Target, db *offline.DB) error {
	endpoint, stop, err := db.Serve()
	if err != nil {
		return err
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		stop()
		return err
	}
	t.Store = etcdview.New(client)
	t.Reader = t.Store
	t.Close = func() error {
		err := client.Close()
		stop()
		return errors.Join(err, db.Close())
	}
	return nil
}

// notFound gives a missing key its exit code.
func notFound(err error) error {
	if errors.Is(err, etcdview.ErrNotFound) {
		return &ExitError{exitNotFound, err}
	}
	return err
}

// usageArgs takes none: what is given is no command.
func usageArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s has no command %q\nSee '%s --help'", cmd.Name(), args[0], cmd.CommandPath())
	}
	return nil
}

func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s needs %s\nSee '%s --help'", cmd.Name(), what, cmd.CommandPath())
		}
		return nil
	}
}

// require makes a flag one that must be given. What cobra itself says then would end with exit code 1.
func require(cmd *cobra.Command, flag string) {
	_ = cmd.MarkFlagRequired(flag) // the flag exists; shells offer it first
	args := cmd.Args
	cmd.Args = func(cmd *cobra.Command, a []string) error {
		if err := args(cmd, a); err != nil {
			return err
		}
		if !cmd.Flags().Changed(flag) {
			return usage("%s needs --%s\nSee '%s --help'", cmd.Name(), flag, cmd.CommandPath())
		}
		return nil
	}
}
