package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	nooptrace "go.opentelemetry.io/otel/trace/noop"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/component-helpers/apimachinery/lease"
	internalapi "k8s.io/cri-api/pkg/apis"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/capabilities"
	"k8s.io/kubernetes/pkg/kubelet"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
	"k8s.io/kubernetes/pkg/util/oom"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/downwardapi"
	"k8s.io/kubernetes/pkg/volume/emptydir"
	"k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/image"
	"k8s.io/kubernetes/pkg/volume/local"
	"k8s.io/kubernetes/pkg/volume/projected"
	"k8s.io/kubernetes/pkg/volume/secret"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
	volumetypes "k8s.io/kubernetes/pkg/volume/util/types"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/node/process"
	"github.com/podarium/podarium/controllers/node/remote"
	"github.com/podarium/podarium/controllers/node/standin"
	"github.com/podarium/podarium/controllers/podnet"
)

// RootDir is, below a node's directory, what its Pods see as the node's file system: hostPath and local volumes.
const RootDir = "rootfs"

// Node is a running node.
type Node struct {
	name     string
	addr     netip.Addr
	podRange netip.Prefix // at the start
	network  *podnet.Network
	runtime  *containers.Runtime
	service  internalapi.RuntimeService // runtime, or what joins it with one outside of this process
	gate     *gate
	cancel   context.CancelFunc
	done     chan struct{}
	stop     sync.Once
}

// Start runs a node until ctx ends or Stop is called. It returns when the kubelet runs.
func Start(ctx context.Context, o Options) (*Node, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if !prepared() {
		return nil, errors.New("node " + o.Name + ": call node.Prepare before the first component of Kubernetes starts")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("node %s: %w", o.Name, err)
	}
	subnet, err := o.Network.Subnet(o.Name)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", o.Name, err)
	}
	engine, handlers, pull, err := engines(o)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", o.Name, err)
	}
	o.Labels = withRuntimes(o.Labels, handlers, o.CRIEndpoint != "")
	images := containers.NewImages(pull)
	pods, err := containers.New(containers.Options{
		Name: "podarium", Version: o.Version, Host: o.Name, Dir: filepath.Join(o.Dir, "containers"),
		Network: o.Network, Subnet: subnet, Engine: engine, Handlers: handlers, Images: images,
	})
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", o.Name, err)
	}
	ctx, cancel := context.WithCancel(klog.NewContext(ctx, klog.LoggerWithValues(klog.Background(), "node", o.Name)))
	n := &Node{name: o.Name, addr: subnet.Node, podRange: subnet.Pods, network: o.Network, runtime: pods, service: pods, gate: newGate(), cancel: cancel, done: make(chan struct{})}
	var imageService internalapi.ImageManagerService = images
	if o.CRIEndpoint != "" {
		owner := sha256.Sum256([]byte(o.Dir))
		n.service, imageService, err = connectRemote(ctx, remote.Options{
			Endpoint: o.CRIEndpoint, Owner: hex.EncodeToString(owner[:16]), Own: o.Runtime == CRI,
			Local: pods, LocalImages: images, Handlers: slices.Collect(maps.Keys(handlers)), Network: o.Network,
		})
		if err != nil {
			cancel()
			return nil, fmt.Errorf("node %s: %w", o.Name, err)
		}
	}
	if err := n.run(ctx, o, imageService); err != nil {
		cancel()
		n.gate.set(true)
		return nil, err
	}
	return n, nil
}

func connectRemote(ctx context.Context, o remote.Options) (internalapi.RuntimeService, internalapi.ImageManagerService, error) {
	r, images, err := remote.Connect(ctx, o)
	if err != nil {
		return nil, nil, err // and no interfaces that hold nothing
	}
	return r, images, nil
}

// engines are what runs containers: the node's own and those that a RuntimeClass may name.
func engines(o Options) (own containers.Engine, handlers map[string]containers.Engine, pull func(context.Context, string) (containers.Pulled, error), err error) {
	catalogue, err := standin.Default()
	if err != nil {
		return nil, nil, nil, err
	}
	if catalogue, err = catalogue.With(o.Catalogue.Images); err != nil {
		return nil, nil, nil, err
	}
	s := standin.New(o.Network, o.Name, catalogue)
	s.Host(o.Residents)
	handlers = map[string]containers.Engine{Standin: s}
	if o.Runtime != Process {
		return s, handlers, s.Pull, nil
	}
	p, err := process.New(o.Network, apiServer(o.Config), o.Catalogue.Processes...)
	handlers[Process] = p
	return residents{p, s}, handlers, s.Pull, err
}

// residents is an engine that leaves what runs in this process anyway to another one.
type residents struct {
	containers.Engine
	standin *standin.Engine
}

func (r residents) Start(c containers.Spec) (containers.Process, error) {
	if r.standin.Hosts(c) {
		return r.standin.Start(c)
	}
	return r.Engine.Start(c)
}

// apiServer is the host:port of the API server.
func apiServer(c *rest.Config) string {
	u, _, err := rest.DefaultServerUrlFor(c)
	if err != nil {
		return ""
	}
	return u.Host
}

func (n *Node) run(ctx context.Context, o Options, images internalapi.ImageManagerService) error {
	c, err := configuration(o)
	if err != nil {
		return fmt.Errorf("node %s: %w", o.Name, err)
	}
	config := rest.CopyConfig(o.Config)
	config.QPS, config.Burst = -1, 0 // the API server's priority and fairness does this better
	if config.UserAgent == "" {
		config.UserAgent = "kubelet"
	}
	config.Wrap(n.gate.wrap)
	config.Wrap(patient)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("node %s: %w", o.Name, err)
	}
	viewed, err := newView(client, config, filepath.Join(o.Dir, RootDir), n.podRange.String())
	if err != nil {
		return fmt.Errorf("node %s: %w", o.Name, err)
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	recorder := broadcaster.NewRecorder(legacyscheme.Scheme, corev1.EventSource{Component: "kubelet", Host: o.Name})
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})

	var tuned error
	deps := &kubelet.Dependencies{
		Options: []kubelet.Option{func(k *kubelet.Kubelet) {
			tuned = tune(k, tuning{
				relist: 2 * time.Second,
				dial:   o.Network.Dialer(n.addr),
				lease: func(c lease.Controller) lease.Controller {
					return endingLease{Controller: c, done: ctx.Done()}
				},
				volumes: &volumes{
					client: viewed, podsDir: filepath.Join(c.RootDirectory, "pods"), recorder: recorder,
					owner: os.Geteuid() == 0, mounted: map[volumetypes.UniquePodName]map[string]mounted{},
				},
			})
		}},
		KubeClient: viewed, HeartbeatClient: client, EventClient: client.CoreV1(),
		RemoteRuntimeService: n.service, RemoteImageService: images,
		CAdvisorInterface: newMachine(o.Name, n.runtime.Usage), ContainerManager: newContainerManager(),
		VolumePlugins: volumePlugins(), Mounter: noMounts{}, Subpather: subPaths{}, HostUtil: hostUtil{hostutil.NewHostUtil()},
		OSInterface: confinedOS{root: o.Dir}, OOMAdjuster: oom.NewFakeOOMAdjuster(), Recorder: recorder,
		PodStartupLatencyTracker:  kubeletutil.NewPodStartupLatencyTracker(),
		NodeStartupLatencyTracker: kubeletutil.NewNodeStartupLatencyTracker(klog.FromContext(ctx)),
		TracerProvider:            nooptrace.NewTracerProvider(),
	}
	var made chan<- *kubelet.Kubelet
	deps.PodConfig, made = watchPods(ctx, types.NodeName(o.Name), deps)
	if o.StaticPods != "" {
		if err := watchStaticPods(ctx, deps.PodConfig, o, c.FileCheckFrequency.Duration); err != nil {
			return fmt.Errorf("node %s: %w", o.Name, err)
		}
	}
	k, err := newKubelet(ctx, o, c, deps, n.addr)
	if err != nil {
		return fmt.Errorf("node %s: %w", o.Name, err)
	}
	made <- k
	if tuned != nil {
		return fmt.Errorf("node %s: %w", o.Name, tuned)
	}
	if err := serve(ctx, o, k, n.runtime, c, client, recorder, n.addr); err != nil {
		return err
	}
	k.BirthCry()
	k.StartGarbageCollection(ctx)
	go func() {
		defer close(n.done)
		k.Run(ctx, until(ctx, deps.PodConfig.Updates()))
	}()
	context.AfterFunc(ctx, n.end)
	go func() {
		err := awaitReady(ctx, client, o.Name)
		if err == nil {
			err = relabel(ctx, client, o.Name, o.Labels)
		}
		switch {
		case err == nil && o.Ready != nil:
			o.Ready()
		case err != nil && ctx.Err() == nil:
			klog.FromContext(ctx).Error(err, "The node's labels could not be brought up to date")
		}
	}()
	return nil
}

// awaitReady returns when the API calls the node Ready, or ctx ends. A node that was Ready in an earlier run of the process
// still is until somebody says otherwise: it counts once its kubelet of this run has said so. (Its lease would tell too,
// but a node may not watch it.)
func awaitReady(ctx context.Context, client kubernetes.Interface, name string) error {
	began := time.Now().Truncate(time.Second) // as exact as the API keeps time
	lw := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "nodes", "", fields.OneTermEqualSelector("metadata.name", name))
	_, err := watchtools.UntilWithSync(ctx, lw, &corev1.Node{}, nil, func(e watch.Event) (bool, error) {
		n, ok := e.Object.(*corev1.Node)
		return ok && slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue && !c.LastHeartbeatTime.Time.Before(began)
		}), nil
	})
	return err
}

func newKubelet(ctx context.Context, o Options, c *options.KubeletServer, deps *kubelet.Dependencies, addr netip.Addr) (*kubelet.Kubelet, error) {
	return kubelet.NewMainKubelet(ctx, &c.KubeletConfiguration, deps, &c.ContainerRuntimeOptions,
		o.Name, types.NodeName(o.Name), []net.IP{addr.AsSlice()}, "podarium://"+o.Name, "", c.CertDirectory,
		c.RootDirectory, c.PodLogsDir, "", "", c.RegisterNode, c.RegisterWithTaints, c.AllowedUnsafeSysctls,
		"", false, false, c.MinimumGCAge, c.MaxPerPodContainerCount, c.MaxContainerCount, c.NodeLabels,
		c.NodeStatusMaxImages, c.KubeletConfiguration.SeccompDefault)
}

// volumePlugins are those that need no mount. csi is left out: it takes global state of the process and a socket.
func volumePlugins() []volume.VolumePlugin {
	var ps []volume.VolumePlugin
	ps = append(ps, emptydir.ProbeVolumePlugins()...)
	ps = append(ps, configmap.ProbeVolumePlugins()...)
	ps = append(ps, secret.ProbeVolumePlugins()...)
	ps = append(ps, downwardapi.ProbeVolumePlugins()...)
	ps = append(ps, projected.ProbeVolumePlugins()...)
	ps = append(ps, hostpath.ProbeVolumePlugins(volume.VolumeConfig{})...)
	ps = append(ps, local.ProbeVolumePlugins()...)
	ps = append(ps, image.ProbeVolumePlugins()...)
	return ps
}

// until passes on what a kubelet is to do, until ctx ends; the kubelet's main loop ends with the channel and in no other way.
func until(ctx context.Context, in <-chan kubetypes.PodUpdate) <-chan kubetypes.PodUpdate {
	out := make(chan kubetypes.PodUpdate)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case u := <-in:
				select {
				case out <- u:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// endingLease ends with the node.
type endingLease struct {
	lease.Controller
	done <-chan struct{}
}

func (l endingLease) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-l.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	l.Controller.Run(ctx)
}

// end follows the end of the node's context.
func (n *Node) end() {
	n.stop.Do(func() {
		n.gate.set(true)
		_ = n.service.Close(context.Background()) // it kills containers at once and waits for nothing
	})
}

// Stop ends the node as a power failure does: its containers are killed, the API server hears nothing of it. It waits
// until the kubelet's main loop has ended or ctx does.
func (n *Node) Stop(ctx context.Context) error {
	n.cancel()
	n.end()
	select {
	case <-n.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("node %s: its kubelet has not ended: %w", n.name, ctx.Err())
	}
}

// Name is the node's name in the API.
func (n *Node) Name() string { return n.name }

// Address is where its kubelet's API is on the virtual network.
func (n *Node) Address() netip.AddrPort { return netip.AddrPortFrom(n.addr, kubeletPort) }

// Done is closed when the node has ended.
func (n *Node) Done() <-chan struct{} { return n.done }

// Usage is what the node's containers use now.
func (n *Node) Usage() containers.Usage { return n.runtime.Usage() }

// PodUsage is what each container of the node uses now.
func (n *Node) PodUsage() []containers.PodUsage { return n.runtime.PodUsage() }

// Disconnect cuts the node off from the API server, as a broken network does: its Pods go on, their status is not heard
// of any more.
func (n *Node) Disconnect() { n.gate.set(true) }

// Connect ends what Disconnect has begun.
func (n *Node) Connect() { n.gate.set(false) }
