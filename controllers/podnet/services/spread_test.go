package services

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/proxy"

	"github.com/podarium/podarium/controllers/podnet"
)

// spreadOf gives what the network is told of a Service with an endpoint on node-1, and one on node-2 that is terminating.
func spreadOf(t *testing.T, spec corev1.ServiceSpec) (podnet.Service, map[string]machine) {
	t.Helper()
	network := podnet.New()
	nodes := map[string]machine{"simulated": {addr: netip.MustParseAddr("10.9.9.9")}}
	var ends []discoveryv1.Endpoint
	for i, name := range []string{"node-1", "node-2"} {
		s, err := network.Subnet(name)
		if err != nil {
			t.Fatal(err)
		}
		ip, err := s.Allocate()
		if err != nil {
			t.Fatal(err)
		}
		nodes[name] = machine{addr: s.Node}
		going := i == 1
		ends = append(ends, discoveryv1.Endpoint{Addresses: []string{ip.String()}, NodeName: &name, Conditions: discoveryv1.EndpointConditions{Ready: new(!going), Serving: new(true), Terminating: &going}})
	}
	c := New(Options{Network: network})
	spec.ClusterIP, spec.ClusterIPs = "10.96.0.7", []string{"10.96.0.7"}
	spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	m := metav1.ObjectMeta{Name: "web", Namespace: "shop", Labels: map[string]string{discoveryv1.LabelServiceName: "web"}}
	c.services.Update(nil, &corev1.Service{ObjectMeta: m, Spec: spec})
	c.endpoints.EndpointSliceUpdate(&discoveryv1.EndpointSlice{
		ObjectMeta: m, AddressType: discoveryv1.AddressTypeIPv4, Endpoints: ends,
		Ports: []discoveryv1.EndpointPort{{Name: new(""), Port: new(int32(8080)), Protocol: new(corev1.ProtocolTCP)}},
	}, false)
	services, endpoints := proxy.ServicePortMap{}, proxy.EndpointsMap{}
	services.Update(c.services)
	endpoints.Update(c.endpoints)
	name := proxy.ServicePortName{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "web"}, Protocol: corev1.ProtocolTCP}
	if services[name] == nil {
		t.Fatalf("the Services are %v", services)
	}
	var svc podnet.Service
	c.spread(&svc, services[name], endpoints[name], nodes)
	return svc, nodes
}

func TestSpread(t *testing.T) {
	port := []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP, NodePort: 30080}}
	svc, _ := spreadOf(t, corev1.ServiceSpec{Ports: port})
	if len(svc.Endpoints) != 1 || svc.Endpoints[0].Port() != 8080 || svc.Near != nil || svc.Outside != nil {
		t.Errorf("without policies it is %+v", svc)
	}
	local := corev1.ServiceInternalTrafficPolicyLocal
	svc, nodes := spreadOf(t, corev1.ServiceSpec{Ports: port, InternalTrafficPolicy: &local})
	one, two := nodes["node-1"].addr, nodes["node-2"].addr
	if len(svc.Endpoints) != 1 || len(svc.Near[one]) != 1 || len(svc.Near[two]) != 1 || len(svc.Near) != 2 || len(svc.Outside) != 0 {
		t.Errorf("with internalTrafficPolicy Local it is %+v: a node whose only endpoint is terminating still uses that", svc)
	}
	svc, _ = spreadOf(t, corev1.ServiceSpec{Ports: port, Type: corev1.ServiceTypeNodePort, ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyLocal})
	if at := netip.AddrPortFrom(one, 30080); len(svc.Outside) != 2 || len(svc.Outside[at]) != 1 || len(svc.Near[two]) != 1 {
		t.Errorf("with externalTrafficPolicy Local it is %+v", svc)
	}
}
