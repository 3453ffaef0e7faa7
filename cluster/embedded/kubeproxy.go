package embedded

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/podarium/podarium/cluster/embedded/kubeversion"
	"github.com/podarium/podarium/controllers/podnet"
)

const (
	kubeProxy = "kube-proxy"
	// networkLabel is on the nodes whose Pods are on the virtual network: there kube-proxy has something to show.
	networkLabel = "podarium.io/network"
)

// kubeProxyDaemonSet shows on each node what carries its Services, in the place where kubeadm has kube-proxy. One virtual
// network serves all nodes, with kube-proxy's own change trackers: each of these Pods is a window on that.
func kubeProxyDaemonSet() *appsv1.DaemonSet {
	labels := map[string]string{"k8s-app": kubeProxy}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: kubeProxy, Namespace: metav1.NamespaceSystem, Labels: labels, Generation: 1,
			Annotations: map[string]string{descriptionNote: "Services are carried by podarium's virtual network, one for all nodes, which uses kube-proxy's change trackers. These Pods are windows on it: without them Services work as well."},
		},
		Spec: appsv1.DaemonSetSpec{
			Selector:             &metav1.LabelSelector{MatchLabels: labels},
			RevisionHistoryLimit: new(int32(10)),
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{
				Type:          appsv1.RollingUpdateDaemonSetStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: new(intstr.FromInt32(1)), MaxSurge: new(intstr.FromInt32(0))},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					Containers: []corev1.Container{{
						Name: kubeProxy, Image: "registry.k8s.io/kube-proxy:" + kubeversion.Version, ImagePullPolicy: corev1.PullIfNotPresent,
						Command: []string{"/usr/local/bin/kube-proxy", "--cluster-cidr=" + podnet.ClusterRange.String(), "--hostname-override=$(NODE_NAME)"},
						Env: []corev1.EnvVar{{Name: "NODE_NAME", ValueFrom: &corev1.EnvVarSource{
							FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "spec.nodeName"},
						}}},
						TerminationMessagePath: corev1.TerminationMessagePathDefault, TerminationMessagePolicy: corev1.TerminationMessageReadFile,
					}},
					ServiceAccountName: kubeProxy, DeprecatedServiceAccount: kubeProxy,
					AutomountServiceAccountToken: new(false), // the network has an identity of its own
					HostNetwork:                  true, NodeSelector: map[string]string{networkLabel: "virtual"},
					Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}, PriorityClassName: "system-node-critical",
					RestartPolicy: corev1.RestartPolicyAlways, TerminationGracePeriodSeconds: new(int64(30)),
					DNSPolicy: corev1.DNSClusterFirst, SchedulerName: corev1.DefaultSchedulerName, SecurityContext: &corev1.PodSecurityContext{},
				},
			},
		},
	}
}

// kubeProxyBinding is kubeadm's, and brings the service account with it.
func kubeProxyBinding() rbacv1.ClusterRoleBinding {
	return rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "kubeadm:node-proxier"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:node-proxier"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: metav1.NamespaceSystem, Name: kubeProxy}},
	}
}
