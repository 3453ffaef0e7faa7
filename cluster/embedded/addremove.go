package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/node"
)

// addLimit bounds how long a node that was added may take to become Ready.
const addLimit = time.Minute

// AddNode adds a node for good and returns its name once it is Ready.
func (s *Server) AddNode(ctx context.Context, spec NodeSpec) (string, error) {
	if spec.Runtime == node.CRI && spec.CRIEndpoint == "" {
		spec.CRIEndpoint = s.o.CRIEndpoint
	}
	if err := spec.validate(); err != nil {
		return "", err
	}
	s.nodes.Lock()
	start := s.nodes.start
	s.nodes.Unlock()
	if start == nil {
		return "", errors.New("the cluster is still starting: try again when 'podarium status' shows it ready")
	}
	taken := func(name string) error {
		n, err := s.cluster.Kubernetes().CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		case n.Spec.ProviderID == providerID(name):
			return nil // left by an earlier run with more --nodes
		}
		return fmt.Errorf("a Node called %s is there already, and no kubelet of this cluster made it: choose another name, or delete it first ('podarium kubectl delete node %[1]s')", name)
	}
	if err := s.state.update(func(set *settings) error { return set.add(&spec, s.o.Nodes, taken) }); err != nil {
		return "", err
	}
	component := kubelet(spec.Name)
	s.health.add(component)
	start(spec)
	ctx, cancel := context.WithTimeout(ctx, addLimit)
	defer cancel()
	if !s.health.awaitComponent(ctx, component) {
		return spec.Name, fmt.Errorf("%s was added, but is not Ready yet: see 'podarium status' and the log", spec.Name)
	}
	return spec.Name, nil
}

// providerID is what a kubelet of ours calls its machine (controllers/node).
func providerID(name string) string { return "podarium://" + name }

// ErrVolumes is returned by RemoveNode where the data of PersistentVolumes is on the node.
var ErrVolumes = errors.New("there are volumes on this node whose data would be lost")

// RemoveNode removes a node for good: its kubelet ends and its containers with it, and the Node, the Pods bound to it and
// its directory are deleted. To empty it first (kubectl drain) is the caller's business. ErrVolumes is returned, and nothing
// is done, where PersistentVolumes are on the node, unless force is set.
func (s *Server) RemoveNode(ctx context.Context, name string, force bool) error {
	kube := s.cluster.Kubernetes()
	if !force {
		if err := volumesOn(ctx, kube, name); err != nil {
			return err
		}
	}
	if err := s.state.update(func(set *settings) error { return set.remove(name, s.o.Nodes) }); err != nil {
		return err
	}
	s.nodes.Lock()
	leave := s.nodes.leave[name]
	s.nodes.Unlock()
	if leave != nil { // else the cluster is still starting, and starts it no more
		select {
		case <-leave():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.health.remove(kubelet(name))
	if err := kube.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("its kubelet has ended, but the Node is not deleted: %w", err)
	}
	pods, err := kube.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", name).String()})
	if err != nil {
		return fmt.Errorf("the Node is deleted, the Pods that were bound to it are not yet: %w", err)
	}
	for _, p := range pods.Items {
		o := metav1.DeleteOptions{GracePeriodSeconds: new(int64(0)), Preconditions: metav1.NewUIDPreconditions(string(p.UID))}
		if err := kube.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, o); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("the Node is deleted, its Pod %s/%s is not yet: %w", p.Namespace, p.Name, err)
		}
	}
	s.network.Forget(name)
	errs := []error{removeTree(s.state.file("nodes", name))}
	for _, file := range []string{s.pki.file(kubeletFile(name) + ".crt"), s.pki.file(kubeletFile(name) + ".key"), s.state.file("kubeconfig", kubeletFile(name)+".conf")} {
		if err := os.Remove(file); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// volumesOn gives ErrVolumes with their names where PersistentVolumes can be used on this node only.
func volumesOn(ctx context.Context, kube kubernetes.Interface, on string) error {
	pvs, err := kube.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var found []string
	for _, pv := range pvs.Items {
		if boundTo(&pv, on) {
			name := pv.Name
			if c := pv.Spec.ClaimRef; c != nil {
				name += " of the claim " + c.Namespace + "/" + c.Name
			}
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s: delete the claims first, or use --force", ErrVolumes, strings.Join(found, ", "))
}

func boundTo(pv *corev1.PersistentVolume, node string) bool {
	if pv.Spec.NodeAffinity == nil || pv.Spec.NodeAffinity.Required == nil {
		return false
	}
	for _, t := range pv.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, e := range t.MatchExpressions {
			if e.Key == corev1.LabelHostname && e.Operator == corev1.NodeSelectorOpIn && len(e.Values) == 1 && e.Values[0] == node {
				return true
			}
		}
	}
	return false
}

// kubelet is the component of a node, kubeletFile the beginning of the names of its files.
func kubelet(node string) string     { return "kubelet/" + node }
func kubeletFile(node string) string { return "kubelet-" + node }

// add adds a component, behind the other nodes.
func (h *health) add(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.components = append(slices.DeleteFunc(h.components, func(c cluster.Component) bool { return c.Name == name }), cluster.Component{Name: name, State: cluster.Pending})
	h.signal()
}

// remove takes a component out.
func (h *health) remove(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.components = slices.DeleteFunc(h.components, func(c cluster.Component) bool { return c.Name == name })
	h.signal()
}

// awaitComponent returns true once a component is ready, false when ctx ends before or it is gone.
func (h *health) awaitComponent(ctx context.Context, name string) bool {
	for {
		list, changed := h.list()
		i := slices.IndexFunc(list, func(c cluster.Component) bool { return c.Name == name })
		if i < 0 || list[i].State == cluster.Ready {
			return i >= 0
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
