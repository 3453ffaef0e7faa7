package clustertest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
)

// Pods are many Pods of namespace default, pod-00000 and so on, that no scheduler and no kubelet knows. They are written
// straight into etcd, since the API takes minutes for so many; the first went through it to have its defaults and its
// managed fields.
type Pods struct {
	etcd  *clientv3.Client
	model *corev1.Pod
}

// FillPods makes n Pods and waits until the API server knows them all.
func FillPods(t testing.TB, c *Cluster, n int) *Pods {
	t.Helper()
	ctx := t.Context()
	Eventually(t, "the service account", func() bool {
		_, err := c.Kubernetes().CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	controller := true
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: "model", Labels: map[string]string{"app": "web", "pod-template-hash": "6f9c7d"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: "none", UID: "none", Controller: &controller}},
	}}
	pod.Spec.SchedulerName = "nobody" // so that it stays as it is
	pod.Spec.Containers = []corev1.Container{{Name: "app", Image: "nginx:1", Env: []corev1.EnvVar{{Name: "A", Value: "1"}}}}
	pod, err := c.Kubernetes().CoreV1().Pods("default").Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Kubernetes().CoreV1().Pods("default").Delete(ctx, "model", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	pod.OwnerReferences = nil // the garbage collector looks for owners
	pod.ResourceVersion = ""
	pod.Status.Phase = corev1.PodPending
	pod.APIVersion, pod.Kind = "v1", "Pod"
	p := &Pods{etcd: c.Etcd(), model: pod}
	var all sync.WaitGroup
	const writers, batch = 4, 50
	for w := range writers {
		all.Go(func() {
			for from, end := n*w/writers, n*(w+1)/writers; from < end; from += batch {
				if err := p.write(ctx, from, min(from+batch, end), 0); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	Eventually(t, "the server's cache", func() bool {
		p, err := c.Kubernetes().CoreV1().Pods("default").List(ctx, metav1.ListOptions{Limit: 1})
		return err == nil && p.RemainingItemCount != nil && *p.RemainingItemCount == int64(n-1)
	})
	return p
}

// Restart gives a Pod so many restarts: a change that a table shows.
func (p *Pods) Restart(ctx context.Context, i, restarts int) error {
	return p.write(ctx, i, i+1, restarts)
}

func (p *Pods) write(ctx context.Context, from, to, restarts int) error {
	codec := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	pod := p.model.DeepCopy()
	if restarts > 0 {
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", RestartCount: int32(restarts)}}
	}
	var puts []clientv3.Op
	for i := from; i < to; i++ {
		pod.Name, pod.UID = fmt.Sprintf("pod-%05d", i), types.UID(fmt.Sprintf("7f1b6d1e-0000-4000-8000-%012d", i))
		var value bytes.Buffer
		if err := codec.Encode(pod, &value); err != nil {
			return err
		}
		puts = append(puts, clientv3.OpPut("/registry/pods/default/"+pod.Name, value.String()))
	}
	_, err := p.etcd.Txn(ctx).Then(puts...).Commit()
	return err
}
