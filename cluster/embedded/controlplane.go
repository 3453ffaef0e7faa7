package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"go.etcd.io/etcd/api/v3/version"

	"github.com/podarium/podarium/cluster/embedded/kubeversion"
	"github.com/podarium/podarium/controllers/node"
	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/node/standin"
	"github.com/podarium/podarium/controllers/scheduler"
)

// The first node is the control-plane node, as kubeadm's: its kubelet runs one static Pod a component, and mirrors them in
// the API. The components themselves run in this process, whatever becomes of these Pods, which are windows on them.
const (
	staticPodsDir   = "/etc/kubernetes/manifests"
	containerPKI    = "/etc/kubernetes/pki"
	controlPlane    = "node-role.kubernetes.io/control-plane"
	configSource    = "kubernetes.io/config.source" // set by the kubelet, which lets nobody else say file
	descriptionNote = "kubernetes.io/description"
	nodeCritical    = int32(2000001000) // of system-node-critical; a static Pod has to give both
)

func isControlPlaneNode(name string) bool { return name == nodeName(0) }

// part is a component of the control plane as its Pod shows it.
type part struct {
	name    string
	image   string
	command []string
	// files are paths of the node that its container has too.
	files []string
	// health is where it tells how it does, ready where it tells that it can be used.
	health, ready corev1.HTTPGetAction
	note          string
}

// parts needs the API server's arguments: it must have been configured.
func (s *Server) parts() []part {
	kube := func(name string) string { return "registry.k8s.io/" + name + ":" + kubeversion.Version }
	get := func(scheme corev1.URIScheme, port int32, path string) corev1.HTTPGetAction {
		return corev1.HTTPGetAction{Scheme: scheme, Port: intstr.FromInt32(port), Path: path}
	}
	const window = "This Pod is a window on %s, which runs in podarium's process: to restart the Pod does not restart it."
	return []part{
		{
			name: "etcd", image: "registry.k8s.io/etcd:" + version.Version + "-0",
			command: append([]string{"etcd"}, s.etcd.args()...), files: []string{containerPKI + "/etcd"},
			health: get(corev1.URISchemeHTTP, etcdHealthPort, "/health"), ready: get(corev1.URISchemeHTTP, etcdHealthPort, "/readyz"),
			note: fmt.Sprintf(window, "etcd") + fmt.Sprintf(" Its container reaches it at https://127.0.0.1:%d with the certificates of %s/etcd.", etcdPort, containerPKI),
		},
		{
			name: "kube-apiserver", image: kube("kube-apiserver"),
			command: append([]string{"kube-apiserver"}, s.asInContainers(s.apiServerArgs)...), files: []string{containerPKI},
			health: get(corev1.URISchemeHTTPS, apiPort, "/livez"), ready: get(corev1.URISchemeHTTPS, apiPort, "/readyz"),
			note: fmt.Sprintf(window, "kube-apiserver"),
		},
		{
			name: "kube-controller-manager", image: kube("kube-controller-manager"),
			command: append([]string{"kube-controller-manager"}, s.asInContainers(s.managerOptions().Args())...),
			files:   []string{containerPKI, containerConf("kube-controller-manager")},
			health:  get(corev1.URISchemeHTTP, managerPort, "/healthz"), ready: get(corev1.URISchemeHTTP, managerPort, "/healthz"),
			note: fmt.Sprintf(window, "kube-controller-manager"),
		},
		{
			name: "kube-scheduler", image: kube("kube-scheduler"),
			command: append([]string{"kube-scheduler"}, s.asInContainers(scheduler.Options{Kubeconfig: s.kubeconfig("kube-scheduler")}.Args())...),
			files:   []string{containerConf("kube-scheduler"), schedulerConf},
			health:  get(corev1.URISchemeHTTP, schedulerPort, "/healthz"), ready: get(corev1.URISchemeHTTP, schedulerPort, "/healthz"),
			note: fmt.Sprintf(window, "kube-scheduler"),
		},
	}
}

func (s *Server) kubeconfig(name string) string { return s.state.file("kubeconfig", name+".conf") }

// schedulerConfig is the configuration of the scheduler, which it writes when it starts; schedulerConf is where its container
// has it.
func (s *Server) schedulerConfig() string { return s.state.file("kubeconfig", "kube-scheduler.yaml") }

const schedulerConf = "/etc/kubernetes/scheduler.yaml"

// containerConf is where kubeadm has a component's kubeconfig.
func containerConf(name string) string {
	return "/etc/kubernetes/" + strings.TrimPrefix(name, "kube-") + ".conf"
}

// asInContainers puts the paths of the containers into a command line in place of this machine's.
func (s *Server) asInContainers(args []string) []string {
	r := strings.NewReplacer(
		s.pki.dir+string(filepath.Separator), containerPKI+"/",
		s.kubeconfig("kube-controller-manager"), containerConf("kube-controller-manager"),
		s.kubeconfig("kube-scheduler"), containerConf("kube-scheduler"),
		s.schedulerConfig(), schedulerConf,
	)
	out := slices.Clone(args)
	for i := range out {
		out[i] = r.Replace(out[i])
	}
	return out
}

// pod is the static Pod of a part, as kubeadm writes it. It asks for no resources: what it takes, the nodes have not got.
func (p part) pod() *corev1.Pod {
	c := corev1.Container{Name: p.name, Image: p.image, Command: p.command, ImagePullPolicy: corev1.PullIfNotPresent}
	probe := func(get corev1.HTTPGetAction) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &get}, PeriodSeconds: 10, TimeoutSeconds: 15, FailureThreshold: 8}
	}
	c.LivenessProbe, c.ReadinessProbe = probe(p.health), probe(p.ready)
	var volumes []corev1.Volume
	for _, path := range p.files {
		name := strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(path, "/etc/kubernetes/"), "/"), "/", "-")
		name = strings.ReplaceAll(name, ".", "-")
		volumes = append(volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path}}})
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: path, ReadOnly: true})
	}
	return &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Name: p.name, Namespace: metav1.NamespaceSystem,
			Labels:      map[string]string{"component": p.name, "tier": "control-plane"},
			Annotations: map[string]string{descriptionNote: p.note},
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{c}, Volumes: volumes, HostNetwork: true,
			PriorityClassName: "system-node-critical", Priority: new(nodeCritical),
			SecurityContext: &corev1.PodSecurityContext{SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		},
	}
}

// writeControlPlane puts on a node's file system what kubeadm puts there: certificates, kubeconfigs and the manifests of the
// static Pods. The keys that make certificates and tokens (ca.key, sa.key) stay where no Pod sees them. It comes after front.
func (s *Server) writeControlPlane(node string) error {
	files := map[string]string{
		s.kubeconfig("kube-controller-manager"): containerConf("kube-controller-manager"),
		s.kubeconfig("kube-scheduler"):          containerConf("kube-scheduler"),
		s.schedulerConfig():                     schedulerConf,
		s.pki.file("etcd-ca.crt"):               containerPKI + "/etcd/ca.crt",
		s.pki.file("ca.crt"):                    containerPKI + "/ca.crt",
		s.pki.file("front-proxy-ca.crt"):        containerPKI + "/front-proxy-ca.crt",
	}
	for _, name := range []string{"apiserver", "apiserver-kubelet-client", "front-proxy-client", "apiserver-etcd-client"} {
		for _, ext := range []string{".crt", ".key"} {
			files[s.pki.file(name+ext)] = containerPKI + "/" + name + ext
		}
	}
	for _, name := range etcdCertificates {
		for _, ext := range []string{".crt", ".key"} {
			files[s.pki.file("etcd-"+name+ext)] = containerPKI + "/etcd/" + name + ext
		}
	}
	for from, to := range files {
		b, err := os.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) && to == schedulerConf {
			continue // at a start this may be quicker than the scheduler, and comes again
		}
		if err != nil {
			return err
		}
		if err := s.writeOnNode(node, to, b); err != nil {
			return err
		}
	}
	for _, p := range s.parts() {
		b, err := yaml.Marshal(p.pod())
		if err != nil {
			return err
		}
		if err := s.writeOnNode(node, staticPodsDir+"/"+p.name+".yaml", b); err != nil {
			return err
		}
	}
	return nil
}

// hasControlPlane says whether writeControlPlane has been done for a node, in this run or an earlier one.
func (s *Server) hasControlPlane(name string) bool {
	_, err := os.Stat(s.state.file("nodes", name, node.RootDir, filepath.FromSlash(staticPodsDir), "etcd.yaml"))
	return err == nil
}

// showAfter is how long after the cluster is ready it begins to show itself: what a user or a script asks of a new cluster
// first is not kept waiting by Pods that only show what runs anyway.
const showAfter = time.Second

// showNode gives a node the labels by which kube-proxy runs on it and by which the first one is the control-plane node, and
// lets that one show the control plane. It is not tainted: it takes Pods as the others do, for it may be the only one.
func (s *Server) showNode(ctx context.Context, name string) error {
	if !s.awaitReady(ctx) {
		return nil
	}
	select {
	case <-time.After(showAfter):
	case <-ctx.Done():
		return nil
	}
	labels := map[string]string{networkLabel: "virtual"}
	if isControlPlaneNode(name) {
		labels[controlPlane] = "" // which a kubelet may not claim for itself
		if err := s.writeControlPlane(name); err != nil {
			return err
		}
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": labels}})
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(s.admin.config)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Nodes().Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{FieldManager: "podarium"})
	return err
}

// writeOnNode writes a file of a node's file system where it is another one than is there: a kubelet watches some.
func (s *Server) writeOnNode(name, path string, b []byte) error {
	file := s.state.file("nodes", name, node.RootDir, filepath.FromSlash(path))
	old, err := os.ReadFile(file)
	if err == nil && bytes.Equal(old, b) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	next := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)) // which a kubelet does not look at
	return errors.Join(os.WriteFile(next, b, 0o600), os.Rename(next, file))
}

// resident finds the component on which a container is a window. Only a kubelet's own files make one of the control plane;
// kube-proxy's, which shows the log of what carries Services, are a DaemonSet's.
func (s *Server) resident(c containers.Spec) *standin.Resident {
	if c.Namespace != metav1.NamespaceSystem {
		return nil
	}
	tape, static := c.Name, c.Annotations[configSource] == "file"
	switch {
	case static && strings.HasPrefix(c.Pod, c.Name+"-"):
	case !static && c.Name == kubeProxy && c.Labels["k8s-app"] == kubeProxy:
		tape = "network"
	default:
		return nil
	}
	log := s.log.tapes[tape]
	if log == nil {
		return nil
	}
	r := &standin.Resident{Log: log.copyTo}
	if c.Name == "etcd" {
		r.Commands = map[string]standin.Command{"etcdctl": s.etcdctl}
	}
	return r
}
