// Package access answers who can do something, and what someone can do, from the RBAC objects of a cluster.
//
// It works on this side, as kubectl-who-can does, with the rules of Kubernetes' own authorizer
// (plugin/pkg/auth/authorizer/rbac and pkg/registry/rbac/validation): it needs no permission but to list roles and bindings.
// Other authorizers (nodes, webhooks) and impersonation are not seen, and the group system:masters, which bypasses RBAC,
// is named by its binding to cluster-admin only.
package access

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster"
)

// The names by which the API server knows service accounts and everyone who has authenticated.
const (
	accountPrefix = "system:serviceaccount:"
	accounts      = "system:serviceaccounts"
	authenticated = "system:authenticated"
	allUsers      = "system:unauthenticated"
)

// Ask is an action on a resource, or on a path that is none.
type Ask struct {
	Verb string
	// Group and Resource are as in RBAC rules: apps and deployments. Subresource is empty for the resource itself.
	Group, Resource, Subresource string
	// Namespace is empty for all: only bindings that hold in all of them answer then.
	Namespace string
	// Name of one object, empty for any.
	Name string
	// Path is asked instead of a resource where it is set: /healthz.
	Path string
}

// Grant is a rule that a subject has.
type Grant struct {
	Subject rbacv1.Subject
	Rule    rbacv1.PolicyRule
	// Namespace is where it holds, empty for everywhere.
	Namespace string
	// Role and Binding name where it comes from: Role or ClusterRole, RoleBinding or ClusterRoleBinding.
	RoleKind, Role, BindingKind, Binding string
}

// Policy is all RBAC objects of a cluster at one moment.
type Policy struct {
	grants []Grant
	// Dangling are bindings to roles that do not exist.
	Dangling []string
}

// Read lists roles and bindings of all namespaces.
func Read(ctx context.Context, c *cluster.Cluster) (*Policy, error) {
	rbac, all := c.Kubernetes().RbacV1(), metav1.ListOptions{ResourceVersion: "0"}
	clusterRoles, err := rbac.ClusterRoles().List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("who can do what: %w", err)
	}
	roles, err := rbac.Roles("").List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("who can do what: %w", err)
	}
	clusterBindings, err := rbac.ClusterRoleBindings().List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("who can do what: %w", err)
	}
	bindings, err := rbac.RoleBindings("").List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("who can do what: %w", err)
	}
	rules := map[[3]string][]rbacv1.PolicyRule{} // kind, namespace, name
	for i := range clusterRoles.Items {
		rules[[3]string{"ClusterRole", "", clusterRoles.Items[i].Name}] = clusterRoles.Items[i].Rules
	}
	for i := range roles.Items {
		rules[[3]string{"Role", roles.Items[i].Namespace, roles.Items[i].Name}] = roles.Items[i].Rules
	}
	p := &Policy{}
	for i := range clusterBindings.Items {
		b := &clusterBindings.Items[i]
		p.bind(rules, "ClusterRoleBinding", "", b.Name, b.RoleRef, b.Subjects)
	}
	for i := range bindings.Items {
		b := &bindings.Items[i]
		p.bind(rules, "RoleBinding", b.Namespace, b.Name, b.RoleRef, b.Subjects)
	}
	return p, nil
}

func (p *Policy) bind(rules map[[3]string][]rbacv1.PolicyRule, kind, namespace, name string, role rbacv1.RoleRef, subjects []rbacv1.Subject) {
	key := [3]string{role.Kind, "", role.Name}
	if role.Kind == "Role" {
		key[1] = namespace
	}
	found, ok := rules[key]
	if !ok {
		p.Dangling = append(p.Dangling, strings.Trim(namespace+"/"+name, "/"))
	}
	for _, s := range subjects {
		if s.Kind == rbacv1.ServiceAccountKind && s.Namespace == "" {
			s.Namespace = namespace
		}
		for _, r := range found {
			if namespace != "" && len(r.NonResourceURLs) > 0 && len(r.Resources) == 0 {
				continue // a RoleBinding gives no paths
			}
			p.grants = append(p.grants, Grant{Subject: s, Rule: r, Namespace: namespace, RoleKind: role.Kind, Role: role.Name, BindingKind: kind, Binding: name})
		}
	}
}

// WhoCan are the grants that allow something, sorted by subject: users, groups and service accounts as bindings name them.
func (p *Policy) WhoCan(a Ask) []Grant {
	var out []Grant
	for _, g := range p.grants {
		if (g.Namespace == "" || g.Namespace == a.Namespace && a.Path == "") && Allows(g.Rule, a) {
			out = append(out, g)
		}
	}
	sort(out)
	return slices.CompactFunc(out, func(a, b Grant) bool {
		return a.Subject == b.Subject && a.Namespace == b.Namespace && a.Role == b.Role && a.Binding == b.Binding
	})
}

// WhatCan are the grants of a subject, by itself and by the groups that it is in by its kind. For a user of further groups,
// name those.
func (p *Policy) WhatCan(s rbacv1.Subject, groups ...string) []Grant {
	in := map[string]bool{}
	for _, g := range append(groups, Groups(s)...) {
		in[g] = true
	}
	user := UserName(s)
	var out []Grant
	for _, g := range p.grants {
		switch g.Subject.Kind {
		case rbacv1.GroupKind:
			if !in[g.Subject.Name] {
				continue
			}
		default:
			if s.Kind == rbacv1.GroupKind || UserName(g.Subject) != user {
				continue
			}
		}
		out = append(out, g)
	}
	sort(out)
	return out
}

func sort(grants []Grant) {
	slices.SortStableFunc(grants, func(a, b Grant) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Subject.Kind, b.Subject.Kind), strings.Compare(a.Subject.Namespace, b.Subject.Namespace),
			strings.Compare(a.Subject.Name, b.Subject.Name), strings.Compare(a.Binding, b.Binding), strings.Compare(a.Role, b.Role))
	})
}

// UserName is how the API server knows a user or a service account.
func UserName(s rbacv1.Subject) string {
	if s.Kind == rbacv1.ServiceAccountKind {
		return accountPrefix + s.Namespace + ":" + s.Name
	}
	return s.Name
}

// Groups are those that a subject is in by its kind; of a group, it itself.
func Groups(s rbacv1.Subject) []string {
	switch s.Kind {
	case rbacv1.ServiceAccountKind:
		return []string{accounts, accounts + ":" + s.Namespace, authenticated}
	case rbacv1.GroupKind:
		return []string{s.Name}
	}
	if s.Name == "system:anonymous" {
		return []string{allUsers}
	}
	if rest, ok := strings.CutPrefix(s.Name, accountPrefix); ok {
		ns, _, _ := strings.Cut(rest, ":")
		return []string{accounts, accounts + ":" + ns, authenticated}
	}
	return []string{authenticated}
}

// Allows says whether a rule allows something, as Kubernetes' RuleAllows does.
func Allows(r rbacv1.PolicyRule, a Ask) bool {
	if !has(r.Verbs, a.Verb) {
		return false
	}
	if a.Path != "" {
		return slices.ContainsFunc(r.NonResourceURLs, func(u string) bool {
			prefix, star := strings.CutSuffix(u, "*")
			return u == a.Path || star && strings.HasPrefix(a.Path, prefix)
		})
	}
	if !has(r.APIGroups, a.Group) || len(r.ResourceNames) > 0 && !slices.Contains(r.ResourceNames, a.Name) {
		return false
	}
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	return has(r.Resources, resource) || a.Subresource != "" && slices.Contains(r.Resources, "*/"+a.Subresource)
}

// has says whether a list holds a word, or all words.
func has(list []string, word string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, word)
}

// ParseSubject reads a subject as a user types it: u:NAME or user/NAME, g:NAME or group/NAME, s:NAMESPACE:NAME,
// s:NAME (in the namespace given) or serviceaccount/NAMESPACE/NAME.
func ParseSubject(text, namespace string) (rbacv1.Subject, error) {
	at := strings.IndexAny(text, ":/")
	if at <= 0 || at == len(text)-1 {
		return rbacv1.Subject{}, fmt.Errorf("%q names nobody: give u:NAME, g:NAME or s:NAMESPACE:NAME", text)
	}
	kind, name := text[:at], text[at+1:]
	switch kind {
	case "u", "user":
		return rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}, nil
	case "g", "group":
		return rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: name}, nil
	case "s", "sa", "serviceaccount":
		if ns, rest, ok := strings.Cut(strings.ReplaceAll(name, "/", ":"), ":"); ok {
			namespace, name = ns, rest
		}
		return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}, nil
	}
	return rbacv1.Subject{}, fmt.Errorf("%q is no kind of subject: give u:NAME, g:NAME or s:NAMESPACE:NAME", kind)
}
