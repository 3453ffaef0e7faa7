package node

import (
	"context"
	"runtime"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet"
	"k8s.io/kubernetes/pkg/kubelet/config"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
)

// nodePoll is how often a kubelet that has just started looks whether it knows its own Node.
const nodePoll = 5 * time.Millisecond

// watchPods makes the kubelet's source of Pods. Upstream's begins to watch once the kubelet knows its Node, which is
// never so at the first look, and then looks once a second (pkg/kubelet/config/apiserver.go, WaitForAPIServerSyncPeriod):
// a new node would run its first Pod a second late. This one answers that first look when the answer is yes.
// The kubelet must be sent to the returned channel once it is made.
func watchPods(ctx context.Context, name types.NodeName, deps *kubelet.Dependencies) (*config.PodConfig, chan<- *kubelet.Kubelet) {
	made := make(chan *kubelet.Kubelet, 1)
	source := config.NewPodConfig(deps.Recorder, deps.PodStartupLatencyTracker)
	knowsItsNode := func() bool {
		var k *kubelet.Kubelet
		select {
		case k = <-made:
		case <-ctx.Done():
			runtime.Goexit() // the goroutine is upstream's, whose loop has no other end
		}
		err := wait.PollUntilContextCancel(ctx, nodePoll, true, func(ctx context.Context) (bool, error) {
			_, err := k.GetNode(ctx)
			return err == nil, nil
		})
		if err != nil {
			runtime.Goexit()
		}
		return true
	}
	updates := through(ctx, source.Channel(ctx, kubetypes.ApiserverSource), finishMirrors(ctx, deps.KubeClient))
	config.NewSourceApiserver(klog.FromContext(ctx), deps.KubeClient, name, knowsItsNode, updates)
	return source, made
}
