// Package manager runs Kubernetes' controller manager in this process: every controller that is on by default, each
// with the service account and the rights that Kubernetes' bootstrap policy gives it.
//
// A process can run it once: upstream registers names for life (configz, informers).
package manager

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/spf13/pflag"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
)

// Options are all required unless said otherwise.
type Options struct {
	// Kubeconfig is a file with the identity system:kube-controller-manager.
	Kubeconfig string
	// RootCAFile is published to every namespace as kube-root-ca.crt.
	RootCAFile string
	// SigningCertFile and SigningKeyFile sign certificate signing requests.
	SigningCertFile, SigningKeyFile string
	// ServiceAccountKeyFile signs tokens kept in Secrets.
	ServiceAccountKeyFile string
	// PodCIDR and ServiceCIDR are the networks of the cluster.
	PodCIDR, ServiceCIDR string
	// Ready, if set, is called once the controllers watch the cluster.
	Ready func()
}

// Args are the flags with which it runs.
func (o Options) Args() []string {
	return []string{
		"--kubeconfig=" + o.Kubeconfig,
		"--leader-elect=false", // there is one
		"--secure-port=0",      // nothing listens; the process itself knows its health
		"--use-service-account-credentials=true",
		"--root-ca-file=" + o.RootCAFile,
		"--service-account-private-key-file=" + o.ServiceAccountKeyFile,
		"--cluster-signing-cert-file=" + o.SigningCertFile,
		"--cluster-signing-key-file=" + o.SigningKeyFile,
		"--cluster-cidr=" + o.PodCIDR,
		"--service-cluster-ip-range=" + o.ServiceCIDR,
		"--allocate-node-cidrs=true", "--node-cidr-mask-size=24",
		"--profiling=false",
		"--controller-shutdown-timeout=2s",
	}
}

// Run runs the controllers until ctx ends. The API server must answer already.
func Run(ctx context.Context, o Options) error {
	s, err := options.NewKubeControllerManagerOptions()
	if err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	known, off, aliases := app.KnownControllers(), app.ControllersDisabledByDefault(), app.ControllerAliases()
	fs := pflag.NewFlagSet("kube-controller-manager", pflag.ContinueOnError)
	for _, f := range s.Flags(known, off, aliases).FlagSets {
		fs.AddFlagSet(f)
	}
	if err := fs.Parse(o.Args()); err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	ctx = klog.NewContext(ctx, klog.FromContext(ctx).WithName("kube-controller-manager"))
	c, err := s.Config(ctx, known, off, aliases)
	if err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	c.Kubeconfig.QPS = -1 // the API server's priority and fairness limits it
	c.Kubeconfig.RateLimiter = flowcontrol.NewFakeAlwaysRateLimiter()
	c.Kubeconfig.Wrap(answerHealth)
	if o.Ready != nil {
		c.Kubeconfig.Wrap(onFirstWatch(o.Ready))
	}
	if c.Client, err = clientset.NewForConfig(rest.AddUserAgent(c.Kubeconfig, options.KubeControllerManagerUserAgent)); err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	if err := app.Run(ctx, c.Complete()); err != nil && ctx.Err() == nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	return nil
}

// answerHealth answers the one question that the controller manager asks before it begins, whether the API server is
// healthy: where the answer is no, it asks again after a second (controller-manager/app/helper.go, WaitForAPIServer).
// By contract of Run the API server answers, and each controller retries what fails for a moment longer.
func answerHealth(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path != "/healthz" {
			return next.RoundTrip(r)
		}
		return &http.Response{
			Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: r,
		}, nil
	})
}

// onFirstWatch calls ready once, when the first watch has been opened: only then do controllers see changes.
func onFirstWatch(ready func()) func(http.RoundTripper) http.RoundTripper {
	var once sync.Once
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil && resp.StatusCode == http.StatusOK && r.URL.Query().Get("watch") != "" {
				once.Do(ready)
			}
			return resp, err
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
