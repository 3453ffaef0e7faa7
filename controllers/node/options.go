package node

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/node/remote"
	"github.com/podarium/podarium/controllers/node/standin"
	"github.com/podarium/podarium/controllers/podnet"
)

// Options says what a node is.
type Options struct {
	// Name is the node's name in the API.
	Name string
	// Dir is an absolute directory of the node's own. Everything that it writes or deletes is below it.
	Dir string
	// Config reaches the API server with the node's identity, user system:node:NAME and group system:nodes. Start copies
	// it; no client-side rate limit is applied.
	Config *rest.Config
	// ServingCertFile and ServingKeyFile are what the kubelet's HTTPS server shows; ClientCAFile says whose client
	// certificates it accepts. Authorization is the API server's (SubjectAccessReview on nodes/proxy, nodes/log …), so
	// that the API server's kubelet client needs such rights, as system:masters or ClusterRole system:kubelet-api-admin.
	ServingCertFile, ServingKeyFile, ClientCAFile string
	// Network is the cluster's.
	Network *podnet.Network
	// ClusterDNS is the address of the cluster's DNS; empty where there is none.
	ClusterDNS string
	// ClusterDomain is the DNS name of the cluster; empty means cluster.local.
	ClusterDomain string
	// Labels are added to the Node when it registers. NodeRestriction lets a kubelet set few of the kubernetes.io ones.
	Labels map[string]string
	// Taints are added to the Node when it registers.
	Taints []corev1.Taint
	// MaxPods is how many Pods the node takes; 0 means 110.
	MaxPods int32
	// Runtime is what containers are: Standin, which empty means too, Process, or CRI. Pods may choose by a RuntimeClass whose
	// handler has that name; Process is only to be chosen where it is the node's own.
	Runtime string
	// Catalogue says what images are, before what comes with the program.
	Catalogue Catalogue
	// CRIEndpoint is the socket of a container runtime outside of this process, unix:///run/containerd/containerd.sock. A
	// node with one runs Pods of RuntimeClass CRI there, and where Runtime is CRI those without a RuntimeClass.
	CRIEndpoint string
	// StaticPods is a directory below RootDir of Dir, as the node's Pods see it (/etc/kubernetes/manifests): the kubelet runs
	// the Pods in its files by itself. Empty: there are none.
	StaticPods string
	// Residents are the containers that are windows on what runs in this process anyway; nil: there are none.
	Residents func(containers.Spec) *standin.Resident
	// Ready is called once, when the Node is Ready in the API. It may be nil.
	Ready func()
	// Version is the program's, shown as the container runtime's: a semantic version without the v.
	Version string
}

// The runtimes of a node.
const (
	Standin = "standin" // code in this process, which stands in for what an image would run
	Process = "process" // processes of the host, with this process's rights
	CRI     = "cri"     // containers of a runtime outside of this process (package remote)
)

// Runtimes are all of them. A Pod chooses one by the RuntimeClass of that name, on a node that has it.
var Runtimes = []string{Standin, Process, CRI}

// RuntimeLabel is the label, with the value true, of the nodes that have a runtime.
func RuntimeLabel(runtime string) string { return "runtime.podarium.io/" + runtime }

// CheckRuntime says what is wrong with a runtime, where empty is Standin, and the endpoint for CRI.
func CheckRuntime(name, endpoint string) error {
	switch {
	case name != "" && !slices.Contains(Runtimes, name):
		return fmt.Errorf("--runtime: %q is none of %s", name, strings.Join(Runtimes, ", "))
	case name == CRI && endpoint == "":
		return errors.New("--runtime cri needs the socket of a container runtime, such as --cri-endpoint unix:///run/containerd/containerd.sock")
	case endpoint != "":
		if err := remote.CheckEndpoint(endpoint); err != nil {
			return fmt.Errorf("--cri-endpoint: %w", err)
		}
	}
	return nil
}

func (o *Options) validate() error {
	for _, msg := range validation.NameIsDNSSubdomain(o.Name, false) {
		return fmt.Errorf("node name %q: %s", o.Name, msg)
	}
	switch {
	case !filepath.IsAbs(o.Dir):
		return fmt.Errorf("node %s: directory %q is not absolute", o.Name, o.Dir)
	case o.Config == nil:
		return fmt.Errorf("node %s: no client configuration", o.Name)
	case o.Network == nil:
		return fmt.Errorf("node %s: no pod network", o.Name)
	case o.ServingCertFile == "" || o.ServingKeyFile == "" || o.ClientCAFile == "":
		return errors.New("node " + o.Name + ": the kubelet's server needs a certificate, a key and a CA for clients")
	case CheckRuntime(o.Runtime, o.CRIEndpoint) != nil:
		return fmt.Errorf("node %s: %w", o.Name, CheckRuntime(o.Runtime, o.CRIEndpoint))
	case o.StaticPods != "" && !path.IsAbs(o.StaticPods):
		return fmt.Errorf("node %s: directory of static Pods %q is not absolute", o.Name, o.StaticPods)
	case o.MaxPods < 0:
		return fmt.Errorf("node %s: %d Pods at most makes no sense", o.Name, o.MaxPods)
	}
	if o.MaxPods == 0 {
		o.MaxPods = 110
	}
	if o.ClusterDomain == "" {
		o.ClusterDomain = "cluster.local"
	}
	if o.Version == "" {
		o.Version = "0.0.0-dev"
	}
	o.Dir = filepath.Clean(o.Dir)
	return nil
}
