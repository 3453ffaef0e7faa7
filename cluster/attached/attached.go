// Package attached opens an existing cluster: one of a kubeconfig's contexts, and its etcd where that can be reached.
//
// Nothing here connects: an unreachable cluster shows with the first call, whose context bounds it. Kubeconfigs are only
// read. Contexts whose names look like production are opened read-only unless the user says otherwise.
package attached

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // a kubeconfig's auth-provider entries work, as in kubectl
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/podarium/podarium/cluster"
)

// ErrNoContext is returned when the kubeconfig has no such context, or none is chosen.
var ErrNoContext = errors.New("no such context")

// DefaultReadOnly are the patterns of context and cluster names that are opened read-only: * is any text, ? any character,
// upper and lower case are the same.
func DefaultReadOnly() []string {
	return []string{"prod*", "*-prod*", "*_prod*", "*.prod*", "*/prod*", "*@prod*", "*:prod*", "*production*"}
}

// Options say which cluster to open, and how.
type Options struct {
	// Kubeconfig is a file; empty means what kubectl takes: KUBECONFIG (several files are merged), then ~/.kube/config.
	Kubeconfig string
	// Context is empty for the current one.
	Context string
	// As and the next two impersonate, as kubectl's --as, --as-group and --as-uid do.
	As       string
	AsGroups []string
	AsUID    string
	// ReadOnly refuses changes or allows them. Nil: it is read-only where the name of the context or of
	// its cluster matches one of ReadOnlyPatterns.
	ReadOnly *bool
	// ReadOnlyPatterns are DefaultReadOnly where nil.
	ReadOnlyPatterns []string
	// Etcd reaches the cluster's etcd; without endpoints the etcd screens have nothing to show.
	Etcd Etcd
}

// Etcd says how to reach an etcd, in etcdctl's terms.
type Etcd struct {
	// Endpoints are URLs or host:port.
	Endpoints []string
	// CACert, Cert and Key are files. They are read again for each connection, so that they may be renewed.
	CACert, Cert, Key string
	// ServerName is what the server's certificate must name where that is not the endpoint's host.
	ServerName string
	// InsecureSkipVerify accepts any certificate of the server.
	InsecureSkipVerify bool
	Username, Password string
	// Prefix is where the API server keeps its objects; empty means /registry.
	Prefix string
}

// Context is one context of a kubeconfig.
type Context struct {
	Name, Cluster, User, Server string
	// Namespace is default where the context names none.
	Namespace string
	Current   bool
	// ReadOnly says that Open would refuse changes.
	ReadOnly bool
}

// Contexts lists a kubeconfig's contexts by name. Of the options it heeds Kubeconfig, ReadOnly and ReadOnlyPatterns.
func Contexts(o Options) ([]Context, error) {
	config, err := load(o)
	if err != nil {
		return nil, err
	}
	readOnly, err := o.readOnly()
	if err != nil {
		return nil, err
	}
	var out []Context
	for name, c := range config.Contexts {
		ctx := Context{
			Name: name, Cluster: c.Cluster, User: c.AuthInfo, Namespace: cmp.Or(c.Namespace, "default"),
			Current: name == config.CurrentContext, ReadOnly: readOnly(name, c.Cluster),
		}
		if cl := config.Clusters[c.Cluster]; cl != nil {
			ctx.Server = cl.Server
		}
		out = append(out, ctx)
	}
	slices.SortFunc(out, func(a, b Context) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Open makes a Cluster of a context. It does not connect. The etcd client, where there is one, is the caller's to close.
func Open(o Options) (*cluster.Cluster, error) {
	config, err := load(o)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(o.Context, config.CurrentContext)
	c := config.Contexts[name]
	if c == nil {
		return nil, missing(name, config)
	}
	if config.Clusters[c.Cluster] == nil {
		return nil, fmt.Errorf("context %q: the kubeconfig has no cluster %q, which it names", name, c.Cluster)
	}
	if c.AuthInfo != "" && config.AuthInfos[c.AuthInfo] == nil {
		return nil, fmt.Errorf("context %q: the kubeconfig has no user %q, which it names", name, c.AuthInfo)
	}
	readOnly, err := o.readOnly()
	if err != nil {
		return nil, err
	}
	client, err := clientcmd.NewNonInteractiveClientConfig(*config, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("context %q: %w", name, err)
	}
	if o.As != "" { // as kubectl: its own identity to act as comes first, and wholly
		client.Impersonate = rest.ImpersonationConfig{UserName: o.As, Groups: o.AsGroups, UID: o.AsUID}
	} else if len(o.AsGroups) > 0 || o.AsUID != "" {
		return nil, errors.New("to act in a group or with a UID needs a user to act as: give --as too")
	}
	if client.ExecProvider != nil { // the screen is ours: a plugin that would ask must fail with a message instead
		client.ExecProvider.StdinUnavailable = true
		client.ExecProvider.StdinUnavailableMessage = "podarium's screen uses the terminal: log in outside of it first"
	}
	etcd, err := o.Etcd.client()
	if err != nil {
		return nil, err
	}
	return cluster.New(cluster.Options{
		Access: cluster.Access{
			Kubeconfig: cmp.Or(o.Kubeconfig, os.Getenv("KUBECONFIG"), clientcmd.RecommendedHomeFile), Context: name, Cluster: c.Cluster,
			User: cmp.Or(o.As, c.AuthInfo), Groups: o.AsGroups, Namespace: c.Namespace,
		},
		Name: name, Config: client, Etcd: etcd, EtcdPrefix: o.Etcd.Prefix, ReadOnly: readOnly(name, c.Cluster),
	})
}

func load(o Options) (*clientcmdapi.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	rules.Warner = func(error) {} // files of KUBECONFIG that do not exist, which kubectl does not mind either
	config, err := rules.Load()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("kubeconfig: %w: name one that exists with --kubeconfig or KUBECONFIG", err)
	}
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return config, nil
}

func missing(name string, config *clientcmdapi.Config) error {
	var have []string
	for n := range config.Contexts {
		have = append(have, n)
	}
	slices.Sort(have)
	switch {
	case len(have) == 0:
		return fmt.Errorf("%w: the kubeconfig is empty or missing: name one with --kubeconfig or KUBECONFIG", ErrNoContext)
	case name == "":
		return fmt.Errorf("%w: the kubeconfig has no current one, choose of %s", ErrNoContext, strings.Join(have, ", "))
	}
	return fmt.Errorf("%w: %q, there are %s", ErrNoContext, name, strings.Join(have, ", "))
}

// readOnly decides by the names of a context and its cluster.
func (o Options) readOnly() (func(names ...string) bool, error) {
	if o.ReadOnly != nil {
		return func(...string) bool { return *o.ReadOnly }, nil
	}
	patterns := o.ReadOnlyPatterns
	if patterns == nil {
		patterns = DefaultReadOnly()
	}
	var parts []string
	for _, p := range patterns {
		if p == "" {
			return nil, errors.New("read-only contexts: an empty pattern matches nothing, remove it")
		}
		p = regexp.QuoteMeta(p)
		parts = append(parts, strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(p))
	}
	if len(parts) == 0 {
		return func(...string) bool { return false }, nil
	}
	re, err := regexp.Compile(`(?is)^(?:` + strings.Join(parts, "|") + `)$`)
	if err != nil {
		return nil, fmt.Errorf("read-only contexts: %w", err)
	}
	return func(names ...string) bool { return slices.ContainsFunc(names, re.MatchString) }, nil
}

// client is nil where there are no endpoints.
func (e Etcd) client() (*clientv3.Client, error) {
	if len(e.Endpoints) == 0 {
		return nil, nil
	}
	config := clientv3.Config{
		Endpoints: e.Endpoints, Username: e.Username, Password: e.Password, Logger: zap.NewNop(),
		DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 5 * time.Second,
		MaxCallRecvMsgSize: 1 << 30, // a page of large values may exceed gRPC's 4 MiB
	}
	info := transport.TLSInfo{
		TrustedCAFile: e.CACert, CertFile: e.Cert, KeyFile: e.Key, ServerName: e.ServerName, InsecureSkipVerify: e.InsecureSkipVerify,
	}
	secure := slices.ContainsFunc(e.Endpoints, func(ep string) bool {
		return strings.HasPrefix(ep, "https://") || strings.HasPrefix(ep, "unixs://")
	})
	if secure || !info.Empty() || e.CACert != "" {
		tls, err := info.ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("etcd: certificate files: %w", err)
		}
		config.TLS = tls
	}
	client, err := clientv3.New(config)
	if err != nil {
		return nil, fmt.Errorf("etcd %s: %w", strings.Join(e.Endpoints, ","), err)
	}
	return client, nil
}
