package registry

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// builtin is one resource that is compiled into Kubernetes.
type builtin struct {
	group, resource, kind string
	// dir is the path under the prefix where it is not the resource's own name.
	dir string
}

func (b *builtin) path() string {
	if b.dir != "" {
		return b.dir
	}
	return b.resource
}

// builtins are the resources that Kubernetes 1.37 stores (k8s.io/kubernetes/test/integration/etcd/data.go) and those
// that earlier versions stored and old databases may still hold.
var builtins = []builtin{
	{"", "configmaps", "ConfigMap", ""},
	{"", "endpoints", "Endpoints", "services/endpoints"},
	{"", "events", "Event", ""},
	{"", "limitranges", "LimitRange", ""},
	{"", "namespaces", "Namespace", ""},
	{"", "nodes", "Node", "minions"},
	{"", "persistentvolumeclaims", "PersistentVolumeClaim", ""},
	{"", "persistentvolumes", "PersistentVolume", ""},
	{"", "pods", "Pod", ""},
	{"", "podtemplates", "PodTemplate", ""},
	{"", "replicationcontrollers", "ReplicationController", "controllers"},
	{"", "resourcequotas", "ResourceQuota", ""},
	{"", "secrets", "Secret", ""},
	{"", "serviceaccounts", "ServiceAccount", ""},
	{"", "services", "Service", "services/specs"},
	{"admissionregistration.k8s.io", "mutatingadmissionpolicies", "MutatingAdmissionPolicy", ""},
	{"admissionregistration.k8s.io", "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", ""},
	{"admissionregistration.k8s.io", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", ""},
	{"admissionregistration.k8s.io", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", ""},
	{"admissionregistration.k8s.io", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", ""},
	{"admissionregistration.k8s.io", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", ""},
	{"apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition", "apiextensions.k8s.io/customresourcedefinitions"},
	{"apiregistration.k8s.io", "apiservices", "APIService", "apiregistration.k8s.io/apiservices"},
	{"apps", "controllerrevisions", "ControllerRevision", ""},
	{"apps", "daemonsets", "DaemonSet", ""},
	{"apps", "deployments", "Deployment", ""},
	{"apps", "replicasets", "ReplicaSet", ""},
	{"apps", "statefulsets", "StatefulSet", ""},
	{"autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", ""},
	{"batch", "cronjobs", "CronJob", ""},
	{"batch", "jobs", "Job", ""},
	{"certificates.k8s.io", "certificatesigningrequests", "CertificateSigningRequest", ""},
	{"certificates.k8s.io", "clustertrustbundles", "ClusterTrustBundle", ""},
	{"certificates.k8s.io", "podcertificaterequests", "PodCertificateRequest", ""},
	{"coordination.k8s.io", "leasecandidates", "LeaseCandidate", ""},
	{"coordination.k8s.io", "leases", "Lease", ""},
	{"discovery.k8s.io", "endpointslices", "EndpointSlice", ""},
	{"flowcontrol.apiserver.k8s.io", "flowschemas", "FlowSchema", ""},
	{"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "PriorityLevelConfiguration", ""},
	{"internal.apiserver.k8s.io", "storageversions", "StorageVersion", ""},
	{"lifecycle.k8s.io", "evictionrequests", "EvictionRequest", ""},
	{"lifecycle.k8s.io", "evictions", "Eviction", ""},
	{"networking.k8s.io", "ingressclasses", "IngressClass", ""},
	{"networking.k8s.io", "ingresses", "Ingress", "ingress"},
	{"networking.k8s.io", "ipaddresses", "IPAddress", ""},
	{"networking.k8s.io", "networkpolicies", "NetworkPolicy", ""},
	{"networking.k8s.io", "servicecidrs", "ServiceCIDR", ""},
	{"node.k8s.io", "runtimeclasses", "RuntimeClass", ""},
	{"policy", "poddisruptionbudgets", "PodDisruptionBudget", ""},
	{"policy", "podsecuritypolicies", "PodSecurityPolicy", "podsecuritypolicy"}, // until 1.25
	{"rbac.authorization.k8s.io", "clusterrolebindings", "ClusterRoleBinding", ""},
	{"rbac.authorization.k8s.io", "clusterroles", "ClusterRole", ""},
	{"rbac.authorization.k8s.io", "rolebindings", "RoleBinding", ""},
	{"rbac.authorization.k8s.io", "roles", "Role", ""},
	{"resource.k8s.io", "deviceclasses", "DeviceClass", ""},
	{"resource.k8s.io", "devicetaintrules", "DeviceTaintRule", ""},
	{"resource.k8s.io", "resourceclaims", "ResourceClaim", ""},
	{"resource.k8s.io", "resourceclaimtemplates", "ResourceClaimTemplate", ""},
	{"resource.k8s.io", "resourcepoolstatusrequests", "ResourcePoolStatusRequest", ""},
	{"resource.k8s.io", "resourceslices", "ResourceSlice", ""},
	{"scheduling.k8s.io", "compositepodgroups", "CompositePodGroup", ""},
	{"scheduling.k8s.io", "podgroups", "PodGroup", ""},
	{"scheduling.k8s.io", "priorityclasses", "PriorityClass", ""},
	{"scheduling.k8s.io", "workloads", "Workload", ""},
	{"storage.k8s.io", "csidrivers", "CSIDriver", ""},
	{"storage.k8s.io", "csinodes", "CSINode", ""},
	{"storage.k8s.io", "csistoragecapacities", "CSIStorageCapacity", ""},
	{"storage.k8s.io", "storageclasses", "StorageClass", ""},
	{"storage.k8s.io", "volumeattachments", "VolumeAttachment", ""},
	{"storage.k8s.io", "volumeattributesclasses", "VolumeAttributesClass", ""},
	{"storagemigration.k8s.io", "storageversionmigrations", "StorageVersionMigration", ""},
}

// byPath finds the resource that a path under the prefix belongs to, and how many parts of it name the resource.
func byPath(parts []string) (*builtin, int) {
	for i := range builtins {
		p := builtins[i].path()
		if p == parts[0] {
			return &builtins[i], 1
		}
		if first, second, ok := strings.Cut(p, "/"); ok && len(parts) > 1 && first == parts[0] && second == parts[1] {
			return &builtins[i], 2
		}
	}
	return nil, 0
}

func byResource(gr schema.GroupResource) (*builtin, bool) {
	if gr.Resource == "events" && gr.Group == "events.k8s.io" {
		gr.Group = "" // the same objects, stored as core ones
	}
	if gr.Resource == "ingresses" && gr.Group == "extensions" {
		gr.Group = "networking.k8s.io"
	}
	for i := range builtins {
		if b := &builtins[i]; b.resource == gr.Resource && b.group == gr.Group {
			return b, true
		}
	}
	return nil, false
}
