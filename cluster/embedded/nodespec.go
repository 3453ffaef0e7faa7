package embedded

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/podarium/podarium/controllers/node"
)

// NodeSpec says what a node is that is added to a cluster.
type NodeSpec struct {
	// Name is the Node's; empty is the first free one of node-1, node-2 and so on.
	Name string `json:"name,omitempty"`
	// Runtime is what its containers are, one of node.Runtimes; empty is the cluster's.
	Runtime string `json:"runtime,omitempty"`
	// CRIEndpoint is the socket of a container runtime outside of this process; empty is the cluster's, where it has one.
	CRIEndpoint string `json:"criEndpoint,omitempty"`
	// Labels are added to the Node.
	Labels map[string]string `json:"labels,omitempty"`
}

func (n *NodeSpec) validate() error {
	if n.Name != "" {
		if msgs := validation.NameIsDNSSubdomain(n.Name, false); len(msgs) > 0 {
			return fmt.Errorf("%q cannot be a node's name: %s", n.Name, strings.Join(msgs, "; "))
		}
		if len(n.Name) > maxNodeName {
			return fmt.Errorf("%q cannot be a node's name: it is longer than the %d characters of a label, which it becomes", n.Name, maxNodeName)
		}
	}
	if err := node.CheckRuntime(n.Runtime, n.CRIEndpoint); err != nil {
		return err
	}
	if errs := metavalidation.ValidateLabels(n.Labels, field.NewPath("labels")); len(errs) > 0 {
		return fmt.Errorf("--labels: %w", errs.ToAggregate())
	}
	for key := range n.Labels {
		domain, _, found := strings.Cut(key, "/")
		if found && (domain == "kubernetes.io" || domain == "k8s.io" || strings.HasSuffix(domain, ".kubernetes.io") || strings.HasSuffix(domain, ".k8s.io")) {
			return fmt.Errorf("--labels: %s: a kubelet may not give itself most labels of Kubernetes' own domains: set it with 'podarium kubectl label node'", key)
		}
	}
	return nil
}

// maxNodeName is the length of a label's value: a node's name is that of kubernetes.io/hostname.
const maxNodeName = 63

// nodes are those that the cluster has by its options and what was added and removed since it was made.
func (s *settings) nodes(count int) []NodeSpec {
	var out []NodeSpec
	for i := range count {
		name := nodeName(i)
		added := slices.ContainsFunc(s.Nodes, func(n NodeSpec) bool { return n.Name == name })
		if !added && !slices.Contains(s.Removed, name) {
			out = append(out, NodeSpec{Name: name})
		}
	}
	return append(out, s.Nodes...)
}

// add keeps a node for the runs to come, and gives it a name where it has none.
func (s *settings) add(spec *NodeSpec, count int, taken func(name string) error) error {
	have := s.nodes(count)
	has := func(name string) bool {
		return slices.ContainsFunc(have, func(n NodeSpec) bool { return n.Name == name })
	}
	if len(have) >= maxNodes {
		return fmt.Errorf("there are %d nodes, and there can be no more: 'podarium up --simulated-nodes' has thousands", len(have))
	}
	if spec.Name == "" {
		for i := 0; spec.Name == "" || has(spec.Name) || taken(spec.Name) != nil; i++ {
			spec.Name = nodeName(i)
		}
	}
	if has(spec.Name) {
		return fmt.Errorf("a node called %s is there already: choose another name, or remove it first ('podarium node remove %[1]s')", spec.Name)
	}
	if err := taken(spec.Name); err != nil {
		return err
	}
	s.Nodes = append(s.Nodes, *spec)
	s.Removed = slices.DeleteFunc(s.Removed, func(name string) bool { return name == spec.Name })
	return nil
}

// remove lets a node be there no more in the runs to come.
func (s *settings) remove(name string, count int) error {
	if !slices.ContainsFunc(s.nodes(count), func(n NodeSpec) bool { return n.Name == name }) {
		return errNoNode(name, s.nodes(count))
	}
	s.Nodes = slices.DeleteFunc(s.Nodes, func(n NodeSpec) bool { return n.Name == name })
	for i := range count {
		if nodeName(i) == name {
			s.Removed = append(s.Removed, name)
		}
	}
	return nil
}

func errNoNode(name string, have []NodeSpec) error {
	if len(have) == 0 {
		return fmt.Errorf("no node of this cluster is called %q: it has none with a kubelet", name)
	}
	var names []string
	for _, n := range have {
		names = append(names, n.Name)
	}
	return fmt.Errorf("no node of this cluster with a kubelet is called %q: there are %s", name, strings.Join(names, ", "))
}

// errRemoved ends a node that is removed while the cluster runs.
var errRemoved = errors.New("removed")
