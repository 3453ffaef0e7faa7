package embedded

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apiserver/pkg/server/egressselector"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

const (
	serviceCIDR = "10.96.0.0/16"
	clusterDNS  = "10.96.0.10"
	issuer      = "https://kubernetes.default.svc.cluster.local"
)

// apiServer is kube-apiserver with its extension and aggregation layers, prepared to serve on a listener of ours.
type apiServer struct {
	run func(context.Context) error
}

// apiServerConfig is what the cluster tells its API server.
type apiServerConfig struct {
	pki      *pki
	listener net.Listener
	// etcd is an endpoint of etcd, which need not serve before build is called.
	etcd string
	// dialPod reaches Pods and Services, webhooks and aggregated APIs by their virtual addresses; nil: the host's network.
	dialPod func(ctx context.Context, network, addr string) (net.Conn, error)
	// dialKubelet reaches kubelets.
	dialKubelet egressselector.Lookup
	// flags is told the flags with which kube-apiserver's own program would run like this. It may be nil.
	flags func([]string)
}

// configureAPIServer does all that needs no etcd yet: certificates, options, and the configuration of the chain.
func configureAPIServer(ctx context.Context, c apiServerConfig) (*app.Config, error) {
	p := c.pki
	serverCert, serverKey, err := p.issueFiles(p.ca, "apiserver", identity{name: "kube-apiserver", hosts: []string{
		"localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "10.96.0.1",
	}})
	if err != nil {
		return nil, err
	}
	kubeletCert, kubeletKey, err := p.issueFiles(p.ca, "apiserver-kubelet-client", kubeletClientUser)
	if err != nil {
		return nil, err
	}
	proxyCert, proxyKey, err := p.issueFiles(p.frontProxy, "front-proxy-client", identity{name: "front-proxy-client"})
	if err != nil {
		return nil, err
	}
	s := options.NewServerRunOptions()
	fs := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, f := range s.Flags().FlagSets {
		fs.AddFlagSet(f)
	}
	port := c.listener.Addr().(*net.TCPAddr).Port
	flags := []string{
		"--etcd-servers=" + c.etcd,
		"--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + serverCert, "--tls-private-key-file=" + serverKey,
		"--client-ca-file=" + p.file("ca.crt"),
		"--requestheader-client-ca-file=" + p.file("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + proxyCert, "--proxy-client-key-file=" + proxyKey,
		"--kubelet-client-certificate=" + kubeletCert, "--kubelet-client-key=" + kubeletKey,
		"--kubelet-certificate-authority=" + p.file("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + p.file("sa.key"),
		"--service-account-signing-key-file=" + p.file("sa.key"),
		"--service-cluster-ip-range=" + serviceCIDR,
		"--allow-privileged=true",
		// The lease reconciler publishes the address of the server as the endpoint of the Service kubernetes and
		// rejects loopback, which is the only address that this one has.
		"--endpoint-reconciler-type=none",
		"--enable-aggregator-routing=true",
		"--profiling=false",
		// Watches are cut at once at shutdown rather than awaited.
		"--shutdown-send-retry-after=false",
	}
	if err := fs.Parse(flags); err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	if c.flags != nil {
		c.flags(flags)
	}
	s.KubeletConfig.Lookup = c.dialKubelet
	s.SecureServing.Listener = c.listener
	if err := compatibility.DefaultComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("feature gates: %w", err)
	}
	completed, err := s.Complete(ctx)
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, fmt.Errorf("kube-apiserver: %w", utilerrors.NewAggregate(errs))
	}
	cfg, err := app.NewConfig(completed)
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	// seed has written what these two would: they wait a second before they begin
	// (registry/rbac/rest/storage_rbac.go and registry/scheduling/rest/storage_scheduling.go, wait.Poll).
	cfg.KubeAPIs.ControlPlane.Generic.DisabledPostStartHooks.Insert("rbac/bootstrap-roles", "scheduling/bootstrap-system-priority-classes")
	aggregator := cfg.Aggregator.GenericConfig // the outermost of the chain: its filters see every request
	aggregator.BuildHandlerChainFunc = nameComponents(aggregator.BuildHandlerChainFunc)
	if c.dialPod != nil {
		// One transport serves the proxy subresources, webhooks and the aggregator, which hold this pointer.
		if t, ok := any(cfg.KubeAPIs.ControlPlane.ProxyTransport).(*http.Transport); ok {
			t.DialContext = c.dialPod
		}
	}
	return cfg, nil
}

// buildAPIServer makes the chain of servers; etcd must serve.
func buildAPIServer(cfg *app.Config) (*apiServer, error) {
	completed, err := cfg.Complete()
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	chain, err := app.CreateServerChain(completed)
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	prepared, err := chain.PrepareRun()
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	return &apiServer{run: prepared.Run}, nil
}
