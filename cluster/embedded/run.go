package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/manager"
	"github.com/podarium/podarium/controllers/podnet"
	"github.com/podarium/podarium/controllers/scheduler"
)

// layer is a group of components that stop together. Layers stop in the reverse of the order in which they started:
// what talks to the API server first, then the API server, then etcd.
type layer struct {
	ctx    context.Context //nolint:containedctx // the life of its components, not of a call
	cancel context.CancelFunc
	parts  sync.WaitGroup
}

func newLayer(ctx context.Context) *layer {
	l := &layer{}
	l.ctx, l.cancel = context.WithCancel(ctx)
	return l
}

// stop ends the components and waits for them, but not longer than limit: upstream goes on with some work after its
// context has ended, and what the API acknowledged is safe without it.
func (l *layer) stop(limit time.Duration) {
	l.cancel()
	within(limit, l.parts.Wait)
}

func within(limit time.Duration, f func()) {
	done := make(chan struct{})
	go func() {
		f()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}

// run starts a component in the layer. Returning before the layer stops is a failure of the whole cluster.
func (s *Server) run(l *layer, name string, f func(context.Context) error) {
	l.parts.Add(1)
	go func() {
		defer l.parts.Done()
		var err error
		s.log.owners.Do(l.ctx, name, func(ctx context.Context) {
			err = guard(func() error { return f(ctx) })
		})
		if l.ctx.Err() != nil {
			s.health.set(name, cluster.Stopped, "")
			return
		}
		if errors.Is(err, errRemoved) {
			return
		}
		if err == nil {
			err = errors.New("ended by itself")
		}
		s.health.set(name, cluster.Failed, err.Error())
		s.fail(fmt.Errorf("%s: %w", name, err))
	}()
}

// guard turns a panic into an error that holds the stack.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}

// fail reports a component's failure; the first one stops the cluster.
func (s *Server) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// launch starts every layer. It returns when etcd serves.
func (s *Server) launch(ctx context.Context, listener net.Listener) (err error) {
	settle := relaxCollector()
	life := context.WithoutCancel(ctx)
	api, clients := newLayer(life), newLayer(life)
	defer func() {
		if err != nil {
			clients.cancel()
			api.cancel()
			err = errors.Join(err, listener.Close())
		}
	}()
	s.run(api, "kube-apiserver", func(ctx context.Context) error { return s.apiServer(ctx, listener) })
	if err := s.startEtcd(ctx); err != nil {
		return err
	}
	if s.control, err = serveControl(s.state.controlSocket(), s); err != nil {
		return err
	}
	if err := s.state.publish(); err != nil {
		return err
	}
	s.run(clients, "clients", func(ctx context.Context) error { return s.clients(ctx, clients) })
	go s.supervise(api, clients, settle)
	return nil
}

func (s *Server) startEtcd(ctx context.Context) error {
	s.health.set("etcd", cluster.Started, "")
	var err error
	s.log.owners.Do(ctx, "etcd", func(ctx context.Context) {
		s.etcd, err = startEtcd(ctx, s.state.file("etcd"), s.state.etcdSocket(), s.o.Ephemeral, s.log.zapCore(), s.fail)
	})
	if err != nil {
		s.health.set("etcd", cluster.Failed, err.Error())
		return err
	}
	s.health.set("etcd", cluster.Ready, "")
	close(s.etcdReady)
	return nil
}

// apiServer does what needs no etcd while etcd starts and is seeded, and serves until ctx ends.
func (s *Server) apiServer(ctx context.Context, listener net.Listener) error {
	seeded := make(chan error, 1)
	go func() {
		select {
		case <-s.etcdReady:
			_, err := seed(ctx, s.client, s.pki.ca.pem())
			seeded <- err
		case <-ctx.Done():
			seeded <- nil
		}
	}()
	cfg, err := configureAPIServer(ctx, apiServerConfig{pki: s.pki, listener: listener, etcd: etcdEndpoint(s.state.etcdSocket()), dialPod: s.network.DialContext, dialKubelet: s.kubeletDialer,
		flags: func(flags []string) { s.apiServerArgs = flags }})
	if err != nil {
		return err
	}
	if err := <-seeded; err != nil || ctx.Err() != nil {
		return err
	}
	s.health.set("kube-apiserver", cluster.Started, "")
	cfg.KubeAPIs.ControlPlane.Generic.AddPostStartHookOrDie("podarium/serving", func(genericapiserver.PostStartHookContext) error {
		close(s.apiReady)
		return nil
	})
	server, err := buildAPIServer(cfg)
	if err != nil {
		return err
	}
	return server.run(ctx)
}

// clients starts all that talks to the API server as soon as that lets them in; it need not be /readyz by then.
func (s *Server) clients(ctx context.Context, l *layer) error {
	select {
	case <-s.apiReady:
	case <-ctx.Done():
		return nil
	}
	if _, err := s.connect("kube-controller-manager", controllerManagerUser); err != nil {
		return err
	}
	sched, err := s.connect("kube-scheduler", schedulerUser)
	if err != nil {
		return err
	}
	kube, err := kubernetes.NewForConfig(sched.config)
	if err != nil {
		return err
	}
	if err := awaitAuthorization(ctx, kube); err != nil {
		return err
	}
	s.health.set("kube-apiserver", cluster.Ready, "")
	s.run(l, "kube-controller-manager", func(ctx context.Context) error {
		s.health.set("kube-controller-manager", cluster.Started, "")
		o := s.managerOptions()
		o.Ready = func() { s.health.set("kube-controller-manager", cluster.Ready, "") }
		return manager.Run(ctx, o)
	})
	s.run(l, "kube-scheduler", func(ctx context.Context) error {
		s.health.set("kube-scheduler", cluster.Started, "")
		return scheduler.Run(ctx, scheduler.Options{
			Kubeconfig: sched.file, ConfigFile: s.o.SchedulerConfig,
			Ready: func() { s.health.set("kube-scheduler", cluster.Ready, "") },
		})
	})
	s.run(l, "network", s.runNetwork)
	s.run(l, "provisioner", s.runProvisioner)
	s.run(l, "metrics", s.runMetrics)
	set := s.state.loadSettings()
	if set.Simulated {
		s.run(l, SimulatedNodes, func(ctx context.Context) error { return s.runSimulated(ctx, set.SimulatedNodes) })
	}
	if err := s.front(ctx, nodeName(0)); err != nil {
		return err
	}
	if s.hasControlPlane(nodeName(0)) { // of an earlier run: its kubelet starts it at once, as it is now
		if err := s.writeControlPlane(nodeName(0)); err != nil {
			return err
		}
	}
	s.startNodes(l, set.nodes(s.o.Nodes))
	<-ctx.Done()
	return nil
}

func (s *Server) managerOptions() manager.Options {
	return manager.Options{
		Kubeconfig: s.kubeconfig("kube-controller-manager"), RootCAFile: s.pki.file("ca.crt"),
		SigningCertFile: s.pki.file("ca.crt"), SigningKeyFile: s.pki.file("ca.key"),
		ServiceAccountKeyFile: s.pki.file("sa.key"), PodCIDR: podnet.ClusterRange.String(), ServiceCIDR: serviceCIDR,
	}
}

// awaitAuthorization returns when the API server grants a component what the bootstrap policy gives it. Before its role
// informers have synced it refuses, and clients back off for most of a second on a refusal.
func awaitAuthorization(ctx context.Context, kube kubernetes.Interface) error {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "watch", Resource: "pods"},
	}}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := kube.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err == nil && r.Status.Allowed {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// How long each layer may take to stop: with the rest of the work well under the five seconds that a stop is promised
// to take.
const (
	clientsStopLimit = 1500 * time.Millisecond
	apiStopLimit     = 1000 * time.Millisecond
	etcdStopLimit    = 1500 * time.Millisecond
)

// supervise waits for a stop or for the first failure, and then stops all in this order:
//
//  1. the controllers, the scheduler and the kubelets, which need the API server to finish what they do
//  2. the API server, which needs etcd
//  3. etcd, which hands its last transactions to the disk
//  4. the sockets and the lock of the data directory, so that another process may start
func (s *Server) supervise(api, clients *layer, settle func(<-chan struct{})) {
	go func() {
		if s.health.awaitReady(s.stopping) {
			close(s.ready)
			settle(s.stopping)
		}
	}()
	var cause error
	select {
	case <-s.stopping:
	case cause = <-s.failed:
	}
	clients.stop(clientsStopLimit)
	api.stop(apiStopLimit)
	s.err = errors.Join(cause, s.release())
	close(s.done)
}

// release gives back what Start took, as far as it came.
func (s *Server) release() error {
	var errs []error
	if s.control != nil {
		errs = append(errs, s.control.close())
	}
	if s.client != nil {
		errs = append(errs, s.client.Close())
	}
	if s.etcd != nil {
		within(etcdStopLimit, s.etcd.stop)
	}
	if s.log != nil {
		errs = append(errs, s.log.close())
	}
	errs = append(errs, s.state.close())
	if s.o.Ephemeral {
		errs = append(errs, removeTree(s.o.DataDir))
	}
	if s.restoreStderr != nil {
		errs = append(errs, s.restoreStderr())
	}
	return errors.Join(errs...)
}

// removeTree removes a directory in which a last file may still be written meanwhile: what a kubelet has begun cannot be stopped.
func removeTree(dir string) error {
	const patience = time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if err := os.RemoveAll(dir); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// Stop stops everything and returns when it has: within five seconds. It may be called more than once.
func (s *Server) Stop() error {
	s.stopOnce.Do(func() { close(s.stopping) })
	<-s.done
	return s.err
}
