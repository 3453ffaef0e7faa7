package node

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/client-go/rest"

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
	// Runtime is what containers are: Standin, which empty means too, or Process. Pods may choose by a RuntimeClass whose
	// handler has that name; Process is only to be chosen where it is the node's own.
	Runtime string
	// Catalogue says what images are, before what comes with the program.
	Catalogue Catalogue
	// Ready is called once, when the Node is Ready in the API. It may be nil.
	Ready func()
	// Version is the program's, shown as the container runtime's: a semantic version without the v.
	Version string
}

// The runtimes of a node.
const (
	Standin = "standin" // code in this process, which stands in for what an image would run
	Process = "process" // processes of the host, with this process's rights
)

// Runtimes are all of them. A Pod chooses one by the RuntimeClass of that name, on a node that has it.
var Runtimes = []string{Standin, Process}

// RuntimeLabel is the label, with the value true, of the nodes that have a runtime.
func RuntimeLabel(runtime string) string { return "runtime.podarium.io/" + runtime }

// CheckRuntime says whether there is such a runtime; empty is Standin.
func CheckRuntime(name string) error {
	if name == "" || slices.Contains(Runtimes, name) {
		return nil
	}
	return fmt.Errorf("%q is none of %s", name, strings.Join(Runtimes, ", "))
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
	case CheckRuntime(o.Runtime) != nil:
		return fmt.Errorf("node %s: runtime: %w", o.Name, CheckRuntime(o.Runtime))
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
