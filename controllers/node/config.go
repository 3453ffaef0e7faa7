package node

import (
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
)

// kubeletPort is where kubelets listen on their node's address.
const kubeletPort = 10250

// configuration is a kubelet's, as near to the defaults as a process without root and cgroups can be.
func configuration(o Options) (*options.KubeletServer, error) {
	f := options.NewKubeletFlags()
	f.RootDirectory = filepath.Join(o.Dir, "kubelet")
	f.CertDirectory = filepath.Join(o.Dir, "kubelet", "pki")
	f.HostnameOverride = o.Name
	f.NodeLabels = o.Labels
	c, err := options.NewKubeletConfiguration()
	if err != nil {
		return nil, err
	}
	c.Port = kubeletPort
	c.ReadOnlyPort = 0
	c.EnableServer = false // Start serves it on the virtual network
	c.Authentication.X509.ClientCAFile = o.ClientCAFile
	c.Authentication.Anonymous.Enabled = false
	c.Authentication.Webhook.Enabled = true
	c.Authorization.Mode = kubeletconfig.KubeletAuthorizationModeWebhook
	c.RegisterNode = true
	c.RegisterWithTaints = o.Taints
	c.MaxPods = o.MaxPods
	c.PodLogsDir = filepath.Join(o.Dir, "logs")
	c.ContainerRuntimeEndpoint = "in-process"
	c.ResolverConfig = ""
	c.ClusterDomain = o.ClusterDomain
	if o.ClusterDNS != "" {
		c.ClusterDNS = []string{o.ClusterDNS}
	}

	// No cgroups, no mounts, no firewall, no swap, no disk of one's own.
	c.CgroupsPerQOS = false
	c.EnforceNodeAllocatable = nil
	c.MakeIPTablesUtilChains = false
	c.FailSwapOn = false
	c.ProtectKernelDefaults = false
	c.LocalStorageCapacityIsolation = false
	c.EvictionHard = nil
	c.ImageGCHighThresholdPercent = 100
	c.EnableControllerAttachDetach = false
	c.EnableSystemLogHandler = false // it would show the host's /var/log

	// Nothing to be gentle to: the runtime and the API server are in this process.
	c.SerializeImagePulls = false
	c.RegistryPullQPS = 0
	c.NodeStatusUpdateFrequency = metav1.Duration{Duration: 10 * time.Second}
	c.NodeStatusReportFrequency = metav1.Duration{Duration: 5 * time.Minute}
	return &options.KubeletServer{KubeletFlags: *f, KubeletConfiguration: *c}, nil
}
