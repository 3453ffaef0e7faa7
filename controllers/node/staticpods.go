package node

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/config"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
)

// watchStaticPods makes the files of a directory a source of the kubelet's Pods, until ctx ends.
func watchStaticPods(ctx context.Context, source *config.PodConfig, o Options, period time.Duration) error {
	l := lens{rootfs: filepath.Join(o.Dir, RootDir)}
	dir := l.path(o.StaticPods)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("static Pods: %w", err)
	}
	updates := through(ctx, source.Channel(ctx, kubetypes.FileSource), func(pods []*corev1.Pod) []*corev1.Pod {
		seen := make([]*corev1.Pod, len(pods))
		for i, p := range pods { // the source keeps what it has sent
			seen[i] = p.DeepCopy()
			l.pod(&seen[i].Spec)
		}
		return seen
	})
	config.NewSourceFile(klog.FromContext(ctx), dir, types.NodeName(o.Name), period, updates)
	return nil
}

// through gives a channel whose Pods pass by do on their way into another one. The type of what a source sends is not
// exported (pkg/kubelet/config/config.go, sourceUpdate); its shape is.
func through[T ~struct{ Pods []*corev1.Pod }](ctx context.Context, to chan<- T, do func([]*corev1.Pod) []*corev1.Pod) chan<- T {
	from := make(chan T)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case u := <-from:
				pods := do(struct{ Pods []*corev1.Pod }(u).Pods)
				select {
				case to <- T(struct{ Pods []*corev1.Pod }{pods}):
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return from
}

// finishMirrors gives what ends the mirrors of static Pods that are being deleted, once each. A kubelet means to do it
// itself and make new ones, but since 1.37 it passes over them as Pods that it has admitted no resources for, until it next
// looks at all its Pods, a minute or so later (pkg/kubelet/kubelet.go:2974, HandlePodUpdates).
func finishMirrors(ctx context.Context, client kubernetes.Interface) func([]*corev1.Pod) []*corev1.Pod {
	done := map[types.UID]bool{}
	return func(pods []*corev1.Pod) []*corev1.Pod {
		passed := make([]*corev1.Pod, len(pods))
		for i, p := range pods {
			passed[i] = ownPod(p)
			if p.DeletionTimestamp == nil || !kubetypes.IsMirrorPod(p) || done[p.UID] {
				continue
			}
			done[p.UID] = true
			go func() {
				o := metav1.DeleteOptions{GracePeriodSeconds: new(int64(0)), Preconditions: metav1.NewUIDPreconditions(string(p.UID))}
				if err := client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, o); err != nil {
					klog.FromContext(ctx).V(2).Info("The kubelet will delete the mirror Pod itself", "pod", klog.KObj(p), "err", err)
				}
			}()
		}
		return passed
	}
}

// ownPod is a Pod to pass on. The source sends the same Pods again and again, and who takes them writes to them and to
// their annotations (pkg/kubelet/config/config.go, updatePodsFunc) while the next of them are looked at here: what is
// passed on shares nothing with them that is written.
func ownPod(p *corev1.Pod) *corev1.Pod {
	own := *p
	own.Annotations = maps.Clone(p.Annotations)
	return &own
}

// mirroredPods is where a kubelet makes the mirrors of its static Pods: the API gets their paths as the file has them.
type mirroredPods struct {
	typedcorev1.PodInterface
	lens lens
}

func (m mirroredPods) Create(ctx context.Context, p *corev1.Pod, o metav1.CreateOptions) (*corev1.Pod, error) {
	p = p.DeepCopy()
	for i := range p.Spec.Volumes {
		if h := p.Spec.Volumes[i].HostPath; h != nil {
			h.Path = m.lens.original(h.Path)
		}
	}
	return m.PodInterface.Create(ctx, p, o)
}

// Delete takes what has gone for deleted: a kubelet makes a new mirror where it has deleted the old one, and not where
// another one, such as finishMirrors, was quicker (pkg/kubelet/kubelet.go:3564, tryReconcileMirrorPods).
func (m mirroredPods) Delete(ctx context.Context, name string, o metav1.DeleteOptions) error {
	err := m.PodInterface.Delete(ctx, name, o)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// original is the path of the node that path has put below rootfs.
func (l lens) original(p string) string {
	rest, ok := strings.CutPrefix(filepath.Clean(p), filepath.Clean(l.rootfs))
	if !ok || rest != "" && rest[0] != filepath.Separator {
		return p
	}
	if rest == "" {
		return "/"
	}
	return filepath.ToSlash(rest)
}
