package simulated

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/podarium/podarium/controllers/podnet"
)

// Annotation marks a Node that is simulated, and is the key of its taint; Label is what selects such Nodes. All of it is as
// kwok's documentation has it.
const (
	Annotation = "kwok.x-k8s.io/node"
	fake       = "fake"
	Label      = "type"
	LabelValue = "kwok"
)

// Taint keeps Pods away that do not ask for a simulated node.
var Taint = corev1.Taint{Key: Annotation, Value: fake, Effect: corev1.TaintEffectNoSchedule}

const prefix = "kwok-node-"

func nodeName(i int) string { return fmt.Sprintf("%s%04d", prefix, i) }

// index is the number of a node of ours, from 1; 0 says that it is another's.
func index(name string) int {
	digits, ok := strings.CutPrefix(name, prefix)
	i, err := strconv.Atoi(digits)
	if !ok || err != nil || nodeName(i) != name {
		return 0
	}
	return i
}

// node is what a simulated node is to begin with. It is as large as a common server. Its Pods' addresses are its own: the
// node IPAM controller would give it some too, one request a node.
func node(i int) *corev1.Node {
	name := nodeName(i)
	first := podnet.SimulatedRange.Addr().As4()
	binary.BigEndian.PutUint32(first[:], binary.BigEndian.Uint32(first[:])+uint32(i-1)<<8)
	pods := netip.PrefixFrom(netip.AddrFrom4(first), 24).String()
	size := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("32"), corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"), corev1.ResourcePods: resource.MustParse("110"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Annotations: map[string]string{Annotation: fake},
			Labels: map[string]string{
				Label: LabelValue, corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
			},
		},
		Spec:   corev1.NodeSpec{PodCIDR: pods, PodCIDRs: []string{pods}, Taints: []corev1.Taint{Taint}},
		Status: corev1.NodeStatus{Capacity: size, Allocatable: size, Addresses: []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: name}}},
	}
}

// adjust makes the nodes that are missing and deletes those of ours beyond n.
func adjust(ctx context.Context, client kubernetes.Interface, n int) error {
	nodes := client.CoreV1().Nodes()
	list, err := nodes.List(ctx, metav1.ListOptions{LabelSelector: Label + "=" + LabelValue})
	if err != nil {
		return err
	}
	have := map[int]bool{}
	var work []func() error
	for _, node := range list.Items {
		i := index(node.Name)
		have[i] = true
		if i > n && node.Annotations[Annotation] == fake {
			work = append(work, func() error {
				err := nodes.Delete(ctx, node.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(node.UID))})
				if apierrors.IsNotFound(err) {
					return nil
				}
				return err
			})
		}
	}
	for i := 1; i <= n; i++ {
		if !have[i] {
			work = append(work, func() error {
				_, err := nodes.Create(ctx, node(i), metav1.CreateOptions{})
				if apierrors.IsAlreadyExists(err) {
					return nil
				}
				return err
			})
		}
	}
	return inParallel(8, work)
}

// inParallel does all of the work and joins the errors.
func inParallel(workers int, work []func() error) error {
	todo := make(chan func() error)
	var mu sync.Mutex
	var all []error
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for f := range todo {
				if err := f(); err != nil {
					mu.Lock()
					all = append(all, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, f := range work {
		todo <- f
	}
	close(todo)
	wg.Wait()
	if len(all) > 3 {
		all = append(all[:3], fmt.Errorf("and %d more", len(all)-3))
	}
	return errors.Join(all...)
}

func isReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
