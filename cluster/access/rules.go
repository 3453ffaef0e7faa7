package access

import (
	"context"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
)

// RulesOf are the rules of a Role or ClusterRole, or of the role that a RoleBinding or ClusterRoleBinding gives.
func RulesOf(ctx context.Context, c *cluster.Cluster, kind, namespace, name string) ([]rbacv1.PolicyRule, error) {
	rbac, get := c.Kubernetes().RbacV1(), metav1.GetOptions{}
	role := rbacv1.RoleRef{Kind: kind, Name: name}
	switch kind {
	case "RoleBinding":
		b, err := rbac.RoleBindings(namespace).Get(ctx, name, get)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		role = b.RoleRef
	case "ClusterRoleBinding":
		b, err := rbac.ClusterRoleBindings().Get(ctx, name, get)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		role = b.RoleRef
	}
	if role.Kind == "Role" {
		r, err := rbac.Roles(namespace).Get(ctx, role.Name, get)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		return r.Rules, nil
	}
	r, err := rbac.ClusterRoles().Get(ctx, role.Name, get)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return r.Rules, nil
}

// Targets are the resources of a rule with their groups (deployments.apps), and its paths.
func Targets(r rbacv1.PolicyRule) []string {
	var out []string
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			out = append(out, schema.GroupResource{Group: group, Resource: resource}.String())
		}
	}
	return append(out, r.NonResourceURLs...)
}
