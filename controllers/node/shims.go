package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"sync"
	"time"
	"unsafe"

	"github.com/moby/sys/userns"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/metrics"
	_ "k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/component-helpers/apimachinery/lease"
	"k8s.io/klog/v2"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/kubelet"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	oomwatcher "k8s.io/kubernetes/pkg/kubelet/oom"
	"k8s.io/kubernetes/pkg/kubelet/pleg"
	kubepod "k8s.io/kubernetes/pkg/kubelet/pod"
	"k8s.io/kubernetes/pkg/kubelet/status"
	"k8s.io/kubernetes/pkg/kubelet/volumemanager"
	grpcprobe "k8s.io/kubernetes/pkg/probe/grpc"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
	tcpprobe "k8s.io/kubernetes/pkg/probe/tcp"
	utilpod "k8s.io/kubernetes/pkg/util/pod"
	"k8s.io/kubernetes/pkg/volume"
)

// Every place where Kubernetes has to be other than it is for this package to work is in this file, each with the line of
// upstream (k8s.io/kubernetes v1.37.2) that it answers to. shims_test.go fails when upstream changes under one of them.

// defaultRegistry: kubelet.NewMainKubelet (pkg/kubelet/kubelet.go:1037, PodCertificateCollectorFor) and initializeModules
// (kubelet.go:1775, volume statistics and log metrics) call legacyregistry.CustomMustRegister, which panics for the second
// kubelet of a process. It registers with this variable and with prometheus.DefaultRegisterer.
//
//go:linkname defaultRegistry k8s.io/component-base/metrics/legacyregistry.defaultRegistry
var defaultRegistry metrics.KubeRegistry

// tolerantRegistry keeps the first of equal collectors.
type tolerantRegistry struct{ metrics.KubeRegistry }

func (t tolerantRegistry) CustomMustRegister(cs ...metrics.StableCollector) {
	for _, c := range cs {
		_ = t.KubeRegistry.CustomRegister(c) // the error says that an equal one is there
	}
}

type tolerantRegisterer struct{ prometheus.Registerer }

func (t tolerantRegisterer) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		_ = t.Register(c)
	}
}

// inUserNS: kubelet.NewMainKubelet (kubelet.go:589) opens /dev/kmsg for its OOM watcher, which an ordinary user may not
// (kernel.dmesg_restrict=1) and a container often has not, and gives up unless the process is in a user namespace.
//
//go:linkname inUserNS github.com/moby/sys/userns.inUserNS
var inUserNS func() bool

var prepare sync.Once

// Prepare makes this process fit for kubelets. Call it before any component of Kubernetes starts; further calls do nothing.
func Prepare() error {
	var err error
	prepare.Do(func() {
		userns.RunningInUserNS() // links the package
		inUserNS = func() bool { return true }
		defaultRegistry = tolerantRegistry{defaultRegistry}
		prometheus.DefaultRegisterer = tolerantRegisterer{prometheus.DefaultRegisterer}
		err = utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{
			// The kubelet then learns of a container's end from the runtime's events and not from its next relist
			// (pkg/kubelet/pleg/evented.go).
			string(features.EventedPLEG): true,
			// A kubelet then says with an image for which RuntimeClass it is (pkg/kubelet/kuberuntime/kuberuntime_container.go,
			// getPodRuntimeHandler), which tells a node with two runtimes where to look for it.
			string(features.RuntimeClassInImageCriAPI): true,
			// Statistics of Pods then come from the runtime alone and not from cgroups (pkg/kubelet/stats/cri_stats_provider.go).
			string(features.PodAndContainerStatsFromCRI): true,
		})
	})
	if err != nil {
		return fmt.Errorf("prepare for kubelets: feature gates: %w", err)
	}
	return nil
}

func prepared() bool {
	_, ok := defaultRegistry.(tolerantRegistry)
	return ok
}

// tuning is what tune sets in a kubelet that has been constructed and does not run yet.
type tuning struct {
	// relist is how often all containers are compared with what is known of them. Their ends come as events anyway.
	relist time.Duration
	// dial reaches Pods.
	dial    dialFunc
	lease   func(lease.Controller) lease.Controller
	volumes *volumes
}

// tune sets fields of a kubelet for which it has no option.
func tune(k *kubelet.Kubelet, t tuning) error {
	kv := reflect.ValueOf(k)

	// validateNodeIP (kubelet_node_status.go:762) wants an address of one of the host's interfaces.
	validate, err := field[func(net.IP) error](kv, "nodeIPValidator")
	if err != nil {
		return err
	}
	*validate = func(net.IP) error { return nil }

	// The kernel's OOM kills are the host's and not this node's.
	watcher, err := field[oomwatcher.Watcher](kv, "oomWatcher")
	if err != nil {
		return err
	}
	*watcher = nil

	// genericPlegRelistPeriod (kubelet.go:215) is a constant.
	generator, err := field[pleg.PodLifecycleEventGenerator](kv, "pleg")
	if err != nil {
		return err
	}
	generic, ok := (*generator).(*pleg.GenericPLEG)
	if !ok {
		return fmt.Errorf("kubelet: its pleg is a %T and no GenericPLEG", *generator)
	}
	generic.Update(&pleg.RelistDuration{RelistPeriod: t.relist, RelistThreshold: 3 * time.Minute})

	if err := tellSandboxReadyInTurn(kv); err != nil {
		return err
	}

	// A prober waits for up to a period when the kubelet is young (prober/worker.go:158), which spreads the load of a
	// restarted machine with many Pods over time. Here it would only delay readiness.
	start, err := field[time.Time](kv, "probeManager", "start")
	if err != nil {
		return err
	}
	*start = start.Add(-time.Hour)

	// Network probes dial the Pod's address (prober/prober.go:162-196), which only the virtual network knows.
	if err := set[httpprobe.Prober](kv, newHTTPProber(t.dial), "probeManager", "prober", "http"); err != nil {
		return err
	}
	if err := set[tcpprobe.Prober](kv, tcpProber{t.dial}, "probeManager", "prober", "tcp"); err != nil {
		return err
	}
	if err := set[grpcprobe.Prober](kv, grpcProber{t.dial}, "probeManager", "prober", "grpc"); err != nil {
		return err
	}
	// So do httpGet hooks (kubelet.go:624, insecureContainerLifecycleHTTPClient).
	client, err := field[http.Client](kv, "runner", "runner", "httpDoer")
	if err != nil {
		return err
	}
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		return fmt.Errorf("kubelet: its hooks go through a %T and no *http.Transport", client.Transport)
	}
	transport.DialContext, transport.DisableKeepAlives = t.dial, true

	// The lease is renewed on context.Background() (kubelet.go:1967) and would outlive the node.
	controller, err := field[lease.Controller](kv, "nodeLeaseController")
	if err != nil {
		return err
	}
	*controller = t.lease(*controller)

	// See volumes for why the kubelet's own (kubelet.go:1082) is replaced.
	plugins, err := field[*volume.VolumePluginMgr](kv, "volumePluginMgr")
	if err != nil {
		return err
	}
	pods, err := field[kubepod.Manager](kv, "podManager")
	if err != nil {
		return err
	}
	t.volumes.plugins, t.volumes.pods = *plugins, *pods
	return set[volumemanager.VolumeManager](kv, t.volumes, "volumeManager")
}

// set assigns to the field that field finds.
func set[T any](v reflect.Value, to T, path ...string) error {
	p, err := field[T](v, path...)
	if err != nil {
		return err
	}
	*p = to
	return nil
}

// field finds a field, exported or not, through pointers and interfaces, and checks that it has the type T.
func field[T any](v reflect.Value, path ...string) (*T, error) {
	for i, name := range path {
		v = follow(v)
		if v.Kind() != reflect.Struct {
			return nil, fmt.Errorf("kubelet: %v in front of field %q is no struct", v.Type(), name)
		}
		owner := v.Type()
		if v = v.FieldByName(name); !v.IsValid() {
			return nil, fmt.Errorf("kubelet: %v has no field %q any more (%v)", owner, name, path[:i+1])
		}
		if i < len(path)-1 {
			// A value that was read through an unexported field cannot be used; one at the same address can.
			v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
		}
	}
	want := reflect.TypeFor[T]()
	if v.Type() != want {
		// An interface or a pointer may hold what is asked for.
		v = follow(reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem())
	}
	if v.Type() != want || !v.CanAddr() {
		return nil, fmt.Errorf("kubelet: field %v is a %v and no %v", path, v.Type(), want)
	}
	return (*T)(unsafe.Pointer(v.UnsafeAddr())), nil
}

func follow(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// readyInTurn notes that a Pod's sandbox is ready before the kubelet goes on to the containers. A kubelet does so in a
// goroutine of its own (pkg/kubelet/kubelet.go:3628, OnPodSandboxReady), which reads the Pod's status and writes it back:
// where a container starts within a millisecond, it may write "not running" over "running", and the Pod stays
// ContainerCreating until the kubelet next looks at all its Pods, a minute or more later.
type readyInTurn struct {
	kubecontainer.RuntimeHelper
	statuses status.Manager
}

// tellSandboxReadyInTurn puts readyInTurn between a kubelet and its containers.
func tellSandboxReadyInTurn(kubelet reflect.Value) error {
	statuses, err := field[status.Manager](kubelet, "statusManager")
	if err != nil {
		return err
	}
	helper, err := field[kubecontainer.RuntimeHelper](kubelet, "containerRuntime", "runtimeHelper")
	if err != nil {
		return err
	}
	*helper = readyInTurn{*helper, *statuses}
	return nil
}

// OnPodSandboxReady implements kubecontainer.RuntimeHelper.
func (r readyInTurn) OnPodSandboxReady(ctx context.Context, pod *corev1.Pod) error {
	s, ok := r.statuses.GetPodStatus(pod.UID)
	if !ok {
		s = pod.Status
	}
	next := s.DeepCopy()
	next.Conditions = utilpod.ReplaceOrAppendPodCondition(next.Conditions, &corev1.PodCondition{
		Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionTrue,
		ObservedGeneration: podutil.CalculatePodConditionObservedGeneration(next, pod.Generation, corev1.PodReadyToStartContainers),
	})
	r.statuses.SetPodStatus(klog.FromContext(ctx), pod, *next)
	return nil
}
