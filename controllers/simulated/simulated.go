// Package simulated runs nodes that have no kubelet, for clusters of thousands of them: kwok's controllers
// (sigs.k8s.io/kwok) as a library, with one watch for all nodes and one for all Pods.
//
// A Pod on such a node becomes Running as soon as it is bound, a Pod of a Job completes, a Pod that is deleted is gone: the
// stages that kwok itself comes with. Nothing runs behind it. There are no logs, no exec, no probes and no traffic: the
// address of such a Pod is one to which nothing answers (podnet.SimulatedRange), and what a kubelet would be asked for is
// answered with an error that says so.
//
// The nodes are called kwok-node-0001 and so on. As with kwok everywhere they have the label type=kwok, the annotation
// kwok.x-k8s.io/node=fake and the taint kwok.x-k8s.io/node=fake:NoSchedule, so that no Pod lands on them that does not
// ask for it. runtimeClassName: kwok asks: that RuntimeClass selects and tolerates these nodes. A Node that somebody else
// makes with that annotation is simulated too.
//
// Guarantees: the nodes' Leases are renewed, so that they stay Ready as long as the process runs; a restart with fewer of
// them deletes those of ours that are too many, and no other.
package simulated

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	nodefast "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	nodeheartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	podfast "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/apis/v1alpha1"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/controllers/podnet"
)

// Max is how many nodes there can be: podnet.SimulatedRange has a /24 for each.
const Max = 4096

// leaseSeconds is how long a node's Lease is good for. It is renewed after a quarter of that: with 30 seconds well within
// the node lifecycle controller's grace time of 50, and a third of the writes that kubelets would make.
const leaseSeconds = 120

// Options are all required unless said otherwise.
type Options struct {
	// Nodes is how many there are to be.
	Nodes int
	// Config reaches the API server as a user who may make, read and delete Nodes, read and delete Pods, change the status of
	// both, and keep Leases in the namespace kube-node-lease. Run copies it.
	Config *rest.Config
	// Network is where the nodes' address is.
	Network *podnet.Network
	// ServingCertFile and ServingKeyFile are for podnet.SimulatedNode, the address of all simulated nodes.
	ServingCertFile, ServingKeyFile string
	// Progress, if set, is told how many of the nodes are Ready, once for each change while not all are.
	Progress func(ready int)
}

// Run simulates nodes until ctx ends. The API server must answer already.
func Run(ctx context.Context, o Options) error {
	if o.Nodes < 0 || o.Nodes > Max {
		return fmt.Errorf("simulated nodes: %d is not between 0 and %d", o.Nodes, Max)
	}
	c := rest.CopyConfig(o.Config)
	c.ContentType, c.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	c.UserAgent = "kwok" // who writes, in managed fields
	client, err := kubernetes.NewForConfig(c)
	if err != nil {
		return fmt.Errorf("simulated nodes: %w", err)
	}
	stages, err := stages()
	if err != nil {
		return fmt.Errorf("simulated nodes: %w", err)
	}
	o.Network.Simulate()
	if err := serve(ctx, o); err != nil {
		return fmt.Errorf("simulated nodes: %w", err)
	}
	kwok, err := controllers.NewController(controllers.Config{
		Clock: clock.RealClock{}, TypedClient: client, RESTClient: client.Discovery().RESTClient(), LocalStages: stages,
		ManageNodesWithAnnotationSelector: Annotation + "=" + fake,
		CIDR:                              podnet.SimulatedRange.String(), NodeIP: podnet.SimulatedNode.String(), NodePort: port,
		PodPlayStageParallelism: 8, NodePlayStageParallelism: 8, PodsOnNodeSyncParallelism: 4,
		NodeLeaseDurationSeconds: leaseSeconds, NodeLeaseParallelism: 16, // they come first, or the nodes are taken for lost
		ID: "podarium", // the same after a restart, or the last run's Leases would have to expire first
	})
	if err != nil {
		return fmt.Errorf("simulated nodes: %w", err)
	}
	kwokLog := log.NewContext(ctx, log.NewLogger(logWriter{}, log.LevelWarn))
	if err := kwok.Start(kwokLog); err != nil {
		return fmt.Errorf("simulated nodes: %w", err)
	}
	err = wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		err := adjust(ctx, client, o.Nodes)
		if err != nil && ctx.Err() == nil {
			klog.ErrorS(err, "Simulated nodes: trying again")
		}
		return err == nil, nil
	})
	if err == nil && o.Progress != nil {
		err = progress(ctx, client, o)
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("simulated nodes: %w", err)
	}
	<-ctx.Done()
	return nil
}

// progress tells how many of the nodes are Ready until all have been.
func progress(ctx context.Context, client kubernetes.Interface, o Options) error {
	if o.Nodes == 0 {
		o.Progress(0)
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan string)
	tell := func(obj any) {
		if n, ok := obj.(*corev1.Node); ok && isReady(n) {
			select {
			case ready <- n.Name:
			case <-ctx.Done():
			}
		}
	}
	lw := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "nodes", "", fields.Everything())
	_, watch := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.ToListWatcherWithWatchListSemantics(lw, client), ObjectType: &corev1.Node{},
		Handler: cache.ResourceEventHandlerFuncs{AddFunc: tell, UpdateFunc: func(_, now any) { tell(now) }},
	})
	go watch.RunWithContext(ctx)
	for done := map[string]bool{}; len(done) < o.Nodes; {
		select {
		case name := <-ready:
			if i := index(name); i > 0 && i <= o.Nodes && !done[name] {
				done[name] = true
				o.Progress(len(done))
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

//go:embed pod-ready-again.yaml
var podReadyAgain string

// stages say what becomes of a Node and a Pod: kwok's own, and podReadyAgain.
func stages() (map[internalversion.StageResourceRef][]*internalversion.Stage, error) {
	out := map[internalversion.StageResourceRef][]*internalversion.Stage{}
	for _, text := range []string{
		nodefast.DefaultNodeInit, nodeheartbeat.DefaultNodeHeartbeatWithLease,
		podfast.DefaultPodReady, podfast.DefaultPodComplete, podfast.DefaultPodDelete, podReadyAgain,
	} {
		var file v1alpha1.Stage
		if err := yaml.UnmarshalStrict([]byte(text), &file); err != nil {
			return nil, fmt.Errorf("kwok's stages: %w", err)
		}
		v1alpha1.SetObjectDefaults_Stage(&file)
		s, err := internalversion.ConvertToInternalStage(&file)
		if err != nil {
			return nil, fmt.Errorf("kwok's stages: %w", err)
		}
		out[s.Spec.ResourceRef] = append(out[s.Spec.ResourceRef], s)
	}
	return out, nil
}

// logWriter passes kwok's warnings, which are JSON, on to the log of everything else.
type logWriter struct{}

func (logWriter) Write(b []byte) (int, error) {
	var line struct{ Msg, Err, Pod, Node, Stage string }
	if err := json.Unmarshal(b, &line); err != nil {
		line.Msg = string(b)
	}
	level := klog.Level(0)
	if strings.HasSuffix(line.Err, "not found") {
		level = 2 // a Pod that went by itself before it was deleted
	}
	klog.Background().WithName("kwok").V(int(level)).Info(line.Msg, "err", line.Err, "node", line.Node, "pod", line.Pod, "stage", line.Stage)
	return len(b), nil
}
