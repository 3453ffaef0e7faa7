package access

import (
	"fmt"
	"testing"

	authv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// TestSameAnswersAsTheServer asks the API server itself (SubjectAccessReview) and compares.
func TestSameAnswersAsTheServer(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "role", "reader", "--verb=get,list", "--resource=pods,pods/log,deployments.apps")
	c.Kubectl(t, "-n", ns, "create", "role", "one", "--verb=update", "--resource=configmaps", "--resource-name=settings")
	c.Kubectl(t, "-n", ns, "create", "rolebinding", "readers", "--role=reader", "--user=ann", "--serviceaccount="+ns+":default", "--group=ops")
	c.Kubectl(t, "-n", ns, "create", "rolebinding", "one", "--role=one", "--user=ann")
	c.Kubectl(t, "-n", ns, "create", "rolebinding", "admins", "--clusterrole=admin", "--group=system:serviceaccounts:"+ns)
	c.Kubectl(t, "create", "clusterrolebinding", "views-"+ns, "--clusterrole=view", "--user=bob")
	p, err := Read(t.Context(), c.Cluster)
	if err != nil {
		t.Fatal(err)
	}
	subjects := []rbacv1.Subject{
		{Kind: "User", Name: "ann"}, {Kind: "User", Name: "bob"}, {Kind: "User", Name: "nobody"}, {Kind: "Group", Name: "ops"}, {Kind: "Group", Name: "system:masters"},
		{Kind: "ServiceAccount", Namespace: ns, Name: "default"}, {Kind: "ServiceAccount", Namespace: "kube-system", Name: "deployment-controller"},
	}
	asks := []Ask{{Verb: "get", Path: "/healthz"}, {Verb: "get", Path: "/version/"}, {Verb: "get", Path: "/secret"}}
	for _, verb := range []string{"get", "list", "update", "delete", "create"} {
		for _, in := range []string{ns, "default", ""} {
			asks = append(asks,
				Ask{Verb: verb, Resource: "pods", Namespace: in}, Ask{Verb: verb, Resource: "pods", Subresource: "log", Namespace: in},
				Ask{Verb: verb, Resource: "configmaps", Namespace: in, Name: "settings"}, Ask{Verb: verb, Resource: "configmaps", Namespace: in},
				Ask{Verb: verb, Group: "apps", Resource: "deployments", Namespace: in}, Ask{Verb: verb, Resource: "secrets", Namespace: in},
				Ask{Verb: verb, Group: "apps", Resource: "deployments", Subresource: "scale", Namespace: in},
			)
		}
	}
	for _, s := range subjects {
		for _, a := range asks {
			allowed := false
			for _, g := range p.WhatCan(s) {
				if (g.Namespace == "" || g.Namespace == a.Namespace && a.Path == "") && Allows(g.Rule, a) {
					allowed = true
				}
			}
			who := false
			for _, g := range p.WhoCan(a) {
				for _, group := range Groups(s) {
					who = who || g.Subject.Kind == "Group" && g.Subject.Name == group
				}
				who = who || g.Subject.Kind != "Group" && s.Kind != "Group" && UserName(g.Subject) == UserName(s)
			}
			if who != allowed {
				t.Errorf("%s %+v: who-can says %v, what-can %v", fmt.Sprint(s.Kind, s.Name), a, who, allowed)
			}
			if want := server(t, c, s, a); allowed != want {
				t.Errorf("%s %s, %+v: we say %v, the server %v", s.Kind, s.Name, a, allowed, want)
			}
		}
	}
}

func server(t *testing.T, c *clustertest.Cluster, s rbacv1.Subject, a Ask) bool {
	t.Helper()
	r := &authv1.SubjectAccessReview{Spec: authv1.SubjectAccessReviewSpec{Groups: Groups(s)}}
	if r.Spec.User = UserName(s); s.Kind == "Group" {
		r.Spec.User = "someone of no other group"
	}
	if a.Path != "" {
		r.Spec.NonResourceAttributes = &authv1.NonResourceAttributes{Path: a.Path, Verb: a.Verb}
	} else {
		r.Spec.ResourceAttributes = &authv1.ResourceAttributes{Namespace: a.Namespace, Verb: a.Verb, Group: a.Group, Resource: a.Resource, Subresource: a.Subresource, Name: a.Name}
	}
	out, err := c.Kubernetes().AuthorizationV1().SubjectAccessReviews().Create(t.Context(), r, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Status.Allowed
}

func TestSubjectsAsTyped(t *testing.T) {
	for text, want := range map[string]string{
		"u:ann": "User//ann", "user/system:admin": "User//system:admin", "g:system:masters": "Group//system:masters", "s:default": "ServiceAccount/here/default",
		"s:kube-system:coredns": "ServiceAccount/kube-system/coredns", "serviceaccount/kube-system/coredns": "ServiceAccount/kube-system/coredns",
	} {
		s, err := ParseSubject(text, "here")
		if got := s.Kind + "/" + s.Namespace + "/" + s.Name; err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "ann", "u:", ":x", "z:x"} {
		if _, err := ParseSubject(text, "here"); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
