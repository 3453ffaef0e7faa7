package embedded

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap"
	"k8s.io/client-go/kubernetes/scheme"
	schedulingv1 "k8s.io/kubernetes/pkg/apis/scheduling/v1"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

// seed writes into etcd, before the API server starts, the objects that a control plane otherwise makes one request at a
// time in its first two seconds: namespaces, RBAC's bootstrap policy, priority classes, flow schemas, and the service
// accounts and trust bundles that no Pod can start without. They come from Kubernetes' own tables, in the form in which
// its API server stores them (protobuf of the v1 types), so that its own bootstrapping finds nothing left to do.
// What exists is never touched, on a restart either: only what is missing is written.
func seed(ctx context.Context, etcd *clientv3.Client, caPEM []byte) (written int, err error) {
	objects := seedObjects(caPEM)
	have, err := etcd.Get(ctx, "/registry/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return 0, fmt.Errorf("seed: %w", err)
	}
	for _, kv := range have.Kvs {
		delete(objects, string(kv.Key))
	}
	encoder := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	now := metav1.NewTime(time.Now().Truncate(time.Second))
	ops := make([]clientv3.Op, 0, maxTxnOps)
	flush := func() error {
		if len(ops) == 0 {
			return nil
		}
		_, err := etcd.Txn(ctx).Then(ops...).Commit()
		written += len(ops)
		ops = ops[:0]
		return err
	}
	for key, obj := range objects {
		m, ok := obj.(metav1.Object)
		if !ok {
			return written, fmt.Errorf("seed: %s: %T has no metadata", key, obj)
		}
		m.SetUID(uuid.NewUUID())
		m.SetCreationTimestamp(now)
		gvks, _, err := scheme.Scheme.ObjectKinds(obj)
		if err != nil {
			return written, fmt.Errorf("seed: %s: %w", key, err)
		}
		obj.GetObjectKind().SetGroupVersionKind(gvks[0])
		var buf bytes.Buffer
		if err := encoder.Encode(obj, &buf); err != nil {
			return written, fmt.Errorf("seed: %s: %w", key, err)
		}
		if ops = append(ops, clientv3.OpPut(key, buf.String())); len(ops) == maxTxnOps {
			if err := flush(); err != nil {
				return written, fmt.Errorf("seed: %w", err)
			}
		}
	}
	if err := flush(); err != nil {
		return written, fmt.Errorf("seed: %w", err)
	}
	return written, nil
}

const maxTxnOps = 128 // etcd's default limit (--max-txn-ops)

// seedObjects maps etcd keys to objects. The objects are the caller's to change.
func seedObjects(caPEM []byte) map[string]runtime.Object {
	o := map[string]runtime.Object{}
	for _, ns := range []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease} {
		o["/registry/namespaces/"+ns] = &corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{Name: ns, Labels: map[string]string{corev1.LabelMetadataName: ns}},
			Spec:       corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
			Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
		}
		seedServiceAccount(o, ns, "default")
		o["/registry/configmaps/"+ns+"/kube-root-ca.crt"] = &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "kube-root-ca.crt", Namespace: ns, Annotations: map[string]string{
				// pkg/controller/certificates/rootcacertpublisher/publisher.go
				"kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
					"No other usage is guaranteed across distributions of Kubernetes clusters.",
			}},
			Data: map[string]string{"ca.crt": string(caPEM)},
		}
	}
	for _, r := range append(append(bootstrappolicy.ClusterRoles(), bootstrappolicy.ControllerRoles()...), networkRole(), metricsRole(), provisionerRole(), simulatedRole()) {
		o["/registry/clusterroles/"+r.Name] = r.DeepCopy()
	}
	bindings := append(bootstrappolicy.ClusterRoleBindings(), bootstrappolicy.ControllerRoleBindings()...)
	bindings = append(bindings, kubeletAPIBinding(), kubeProxyBinding(), bindingTo(networkUser, networkRole().Name), bindingTo(metricsUser, metricsRole().Name),
		bindingTo(provisionerUser, provisionerRole().Name), bindingTo(simulatedUser, simulatedRole().Name))
	for _, b := range bindings {
		o["/registry/clusterrolebindings/"+b.Name] = b.DeepCopy()
		for _, s := range b.Subjects {
			if s.Kind == rbacv1.ServiceAccountKind {
				seedServiceAccount(o, s.Namespace, s.Name)
			}
		}
	}
	leases := simulatedLeases()
	o["/registry/roles/"+leases.Namespace+"/"+leases.Name] = &leases
	o["/registry/rolebindings/"+leases.Namespace+"/"+leases.Name] = &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: leases.Namespace, Name: leases.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: leases.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: simulatedUser.name}},
	}
	for _, c := range runtimeClasses() {
		o["/registry/runtimeclasses/"+c.Name] = &c
	}
	o["/registry/daemonsets/"+metav1.NamespaceSystem+"/"+kubeProxy] = kubeProxyDaemonSet()
	for ns, roles := range bootstrappolicy.NamespaceRoles() {
		for _, r := range roles {
			o["/registry/roles/"+ns+"/"+r.Name] = r.DeepCopy()
		}
	}
	for ns, bindings := range bootstrappolicy.NamespaceRoleBindings() {
		for _, b := range bindings {
			o["/registry/rolebindings/"+ns+"/"+b.Name] = b.DeepCopy()
		}
	}
	for _, c := range schedulingv1.SystemPriorityClasses() {
		c = c.DeepCopy()
		c.Generation = 1
		o["/registry/priorityclasses/"+c.Name] = c
	}
	for _, l := range append(bootstrap.MandatoryPriorityLevelConfigurations, bootstrap.SuggestedPriorityLevelConfigurations...) {
		l = l.DeepCopy()
		l.Generation = 1
		o["/registry/prioritylevelconfigurations/"+l.Name] = l
	}
	for _, s := range append(bootstrap.MandatoryFlowSchemas, append(bootstrap.SuggestedFlowSchemas, simulatedFlows())...) {
		s = s.DeepCopy()
		s.Generation = 1
		o["/registry/flowschemas/"+s.Name] = s
	}
	return o
}

func seedServiceAccount(o map[string]runtime.Object, namespace, name string) {
	o[strings.Join([]string{"/registry/serviceaccounts", namespace, name}, "/")] = &corev1.ServiceAccount{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
	}
}

// kubeletAPIBinding lets the API server's client certificate in at the kubelets (logs, exec), as kubeadm's does.
func kubeletAPIBinding() rbacv1.ClusterRoleBinding {
	return rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "podarium:kubelet-api-admin"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:kubelet-api-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: kubeletClientUser.name}},
	}
}

// bindingTo gives one of podarium's own components its role.
func bindingTo(id identity, role string) rbacv1.ClusterRoleBinding {
	return rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: id.name}},
	}
}

// networkRole is what the Services of the virtual network need (controllers/podnet/services).
func networkRole() rbacv1.ClusterRole {
	read := []string{"get", "list", "watch"}
	return rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "podarium:network"},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"services", "nodes", "pods", "namespaces"}, Verbs: read},
			{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}, Verbs: read},
			{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"create"}},
			{APIGroups: []string{""}, Resources: []string{"services/status"}, Verbs: []string{"patch"}},
			{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: append(read, "create")},
			{APIGroups: []string{"", "discovery.k8s.io"}, Resources: []string{"endpoints/restricted", "endpointslices/restricted"}, Verbs: []string{"create"}},
			{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch", "update"}},
		},
	}
}

// metricsRole is what the resource metrics API needs to make itself known (controllers/metrics).
func metricsRole() rbacv1.ClusterRole {
	create := []string{"create"}
	return rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "podarium:metrics"},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: create},
			{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices", "endpointslices/restricted"}, Verbs: create},
			{APIGroups: []string{"apiregistration.k8s.io"}, Resources: []string{"apiservices"}, Verbs: create},
		},
	}
}

// provisionerRole is what dynamic local volumes need (controllers/provisioner).
func provisionerRole() rbacv1.ClusterRole {
	read := []string{"get", "list", "watch"}
	return rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "podarium:provisioner"},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"persistentvolumeclaims", "nodes"}, Verbs: read},
			{APIGroups: []string{""}, Resources: []string{"persistentvolumes"}, Verbs: append(read, "create", "delete", "patch")},
			{APIGroups: []string{""}, Resources: []string{"persistentvolumeclaims/status"}, Verbs: []string{"patch"}},
			{APIGroups: []string{"storage.k8s.io"}, Resources: []string{"storageclasses"}, Verbs: append(read, "create")},
			{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch", "update"}},
		},
	}
}

// simulatedRole is what simulated nodes need (controllers/simulated), but for their Leases.
func simulatedRole() rbacv1.ClusterRole {
	read := []string{"get", "list", "watch"}
	return rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "podarium:simulated-nodes"},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: append(read, "create", "delete")},
			{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: append(read, "delete")},
			{APIGroups: []string{""}, Resources: []string{"nodes/status", "pods/status"}, Verbs: []string{"patch"}},
			{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch", "update"}},
		},
	}
}

// simulatedLeases lets them keep the Leases by which they stay Ready.
func simulatedLeases() rbacv1.Role {
	return rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: corev1.NamespaceNodeLease, Name: simulatedRole().Name},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "list", "watch", "create", "update"}},
		},
	}
}

// simulatedFlows gives the heartbeats of simulated nodes the precedence that those of kubelets have.
func simulatedFlows() *flowcontrolv1.FlowSchema {
	i := slices.IndexFunc(bootstrap.SuggestedFlowSchemas, func(s *flowcontrolv1.FlowSchema) bool { return s.Name == "system-node-high" })
	s := bootstrap.SuggestedFlowSchemas[i].DeepCopy()
	s.ObjectMeta = metav1.ObjectMeta{Name: simulatedRole().Name}
	s.Spec.Rules[0].Subjects = []flowcontrolv1.Subject{{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: simulatedUser.name}}}
	return s
}
