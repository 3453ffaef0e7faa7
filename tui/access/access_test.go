package access

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/access"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func TestRulesWhoAndWhat(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "role", "reader", "--verb=get,list,watch", "--resource=pods,deployments.apps")
	c.Kubectl(t, "-n", ns, "create", "rolebinding", "readers", "--role=reader", "--serviceaccount="+ns+":default")
	h, s := screentest.New(t, c.Cluster)
	v, err := openRules(s, screen.Rules{Object: screen.Object{
		Resource: schema.GroupVersionResource{Group: rbacv1.GroupName, Version: "v1", Resource: "clusterroles"}, Kind: "ClusterRole", Name: "system:node-bootstrapper",
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.Tick()
	screentest.AllSizes(t, h, "rules", v)

	who, err := openWho(s, WhoCan{access.Ask{Verb: "watch", Group: "apps", Resource: "deployments", Namespace: ns}})
	if err != nil {
		t.Fatal(err)
	}
	h.Tick()
	if err := who.(screen.Filterer).Filter(ns + "/default"); err != nil {
		t.Fatal(err)
	}
	who.Do("enter")
	want := WhatCan{rbacv1.Subject{Kind: "ServiceAccount", Namespace: ns, Name: "default"}}
	if len(h.Opened) != 1 || h.Opened[0] != screen.Request(want) {
		t.Fatalf("enter on the service account opens %+v, want %+v", h.Opened, want)
	}
	what, err := openWhat(s, want)
	if err != nil {
		t.Fatal(err)
	}
	h.Tick()
	if err := what.(screen.Filterer).Filter("deployments.apps Role/reader"); err != nil {
		t.Fatal(err)
	}
	text := screentest.Draw(h, what, 200, 60).String()
	for _, part := range []string{"deployments.apps", "✓", "Role/reader", "RoleBinding/readers", ns} {
		if !strings.Contains(text, part) {
			t.Errorf("what the service account can do lacks %q:\n%s", part, text)
		}
	}
}
