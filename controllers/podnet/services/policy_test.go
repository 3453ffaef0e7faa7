package services

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/controllers/podnet"
)

func TestPolicyRules(t *testing.T) {
	var np networkingv1.NetworkPolicy
	if err := yaml.UnmarshalStrict([]byte(`
metadata: {name: p, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
  - {from: [{podSelector: {matchLabels: {app: friend}}}], ports: [{port: http}, {port: 9000, endPort: 9010}]}
  - {from: [{namespaceSelector: {matchLabels: {team: ops}}}]}
  - {from: [{ipBlock: {cidr: 10.244.0.0/16, except: [10.244.9.0/24]}}], ports: [{port: 1}]}
  egress:
  - {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}]}
`), &np); err != nil {
		t.Fatal(err)
	}
	ip := netip.MustParseAddr
	web, friend, stranger, ops, other := ip("10.244.1.2"), ip("10.244.1.3"), ip("10.244.1.4"), ip("10.244.9.5"), ip("10.244.9.6")
	node, otherNode := ip("172.18.0.3"), ip("172.18.0.4")
	r := &rules{
		nodeOf: func(a netip.Addr) netip.Addr {
			if a == web {
				return node
			}
			return otherNode
		},
		endpoints: map[netip.Addr]*endpoint{
			web:      {namespace: "shop", labels: labels.Set{"app": "web"}, ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}}},
			friend:   {namespace: "shop", labels: labels.Set{"app": "friend"}},
			stranger: {namespace: "shop", labels: labels.Set{"app": "stranger"}},
			ops:      {namespace: "ops", labels: labels.Set{}},
			other:    {namespace: "default", labels: labels.Set{"app": "friend"}},
		},
		namespaces: map[string]labels.Set{"shop": {}, "ops": {"team": "ops"}, "default": {}, metav1.NamespaceSystem: {"kubernetes.io/metadata.name": "kube-system"}},
		policies:   map[string][]*networkingv1.NetworkPolicy{"shop": {&np}},
	}
	for _, test := range []struct {
		what     string
		protocol podnet.Protocol
		from, to netip.Addr
		port     uint16
		want     bool
	}{
		{"a friend by the named port", podnet.TCP, friend, web, 80, true},
		{"a friend by another port", podnet.TCP, friend, web, 81, false},
		{"a friend within the range of ports", podnet.TCP, friend, web, 9005, true},
		{"a friend by the other protocol", podnet.UDP, friend, web, 80, false},
		{"a stranger", podnet.TCP, stranger, web, 80, false},
		{"another namespace by its label", podnet.TCP, ops, web, 12345, true},
		{"the friend's label in another namespace", podnet.TCP, other, web, 80, false},
		{"a block of addresses", podnet.TCP, stranger, web, 1, true},
		{"what is excepted from the block", podnet.TCP, other, web, 1, false},
		{"from outside", podnet.TCP, podnet.Gateway, web, 80, false},
		{"its own node", podnet.TCP, node, web, 80, true},
		{"another node", podnet.TCP, otherNode, web, 80, false},
		{"out of the cluster", podnet.TCP, web, ip("192.0.2.1"), 443, false},
		{"to itself", podnet.TCP, web, web, 80, true},
		{"cluster DNS", podnet.UDP, web, podnet.Gateway, 53, true},
		{"cluster DNS by TCP, which is not listed", podnet.TCP, web, podnet.Gateway, 53, false},
		{"out to a friend", podnet.TCP, web, friend, 80, false},
		{"between those that no policy selects", podnet.TCP, friend, stranger, 80, true},
	} {
		if got := r.allow(test.protocol, test.from, netip.AddrPortFrom(test.to, test.port)); got != test.want {
			t.Errorf("%s: %t, want %t", test.what, got, test.want)
		}
	}
}
