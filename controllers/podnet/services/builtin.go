package services

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/controllers/podnet"
)

// apiPort is where the API server is on the virtual network, at the gateway's address and at Options.APIServerAt.
const apiPort = 6443

// builtin publishes what a cluster's own Pods would serve elsewhere: the API server behind the Service kubernetes and
// cluster DNS behind the Service kube-dns. It tries until it has done so or ctx ends.
func (c *Controller) builtin(ctx context.Context) {
	_ = wait.PollUntilContextCancel(ctx, 500*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if err := c.publishBuiltin(ctx); err != nil {
			klog.FromContext(ctx).V(2).Info("The cluster's own Services are not published yet", "err", err)
			return false, nil
		}
		return true, nil
	})
}

func (c *Controller) publishBuiltin(ctx context.Context) error {
	if c.o.APIServer != "" {
		if err := c.slice(ctx, metav1.NamespaceDefault, "kubernetes", c.o.APIServerAt, port("https", corev1.ProtocolTCP, apiPort)); err != nil {
			return err
		}
	}
	if !c.o.DNS.IsValid() {
		return nil
	}
	const name = "kube-dns"
	services := c.o.Client.CoreV1().Services(metav1.NamespaceSystem)
	// To create it again would not be answered by AlreadyExists: the address is looked at first, and that is taken.
	_, err := services.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = services.Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"k8s-app": name, "kubernetes.io/cluster-service": "true"}},
			Spec: corev1.ServiceSpec{
				ClusterIP: c.o.DNS.String(),
				Ports:     []corev1.ServicePort{{Name: "dns", Protocol: corev1.ProtocolUDP, Port: 53}, {Name: "dns-tcp", Protocol: corev1.ProtocolTCP, Port: 53}},
			},
		}, metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("service %s: %w", name, err)
	}
	return c.slice(ctx, metav1.NamespaceSystem, name, podnet.Gateway, port("dns", corev1.ProtocolUDP, 53), port("dns-tcp", corev1.ProtocolTCP, 53))
}

func port(name string, p corev1.Protocol, n int32) discoveryv1.EndpointPort {
	return discoveryv1.EndpointPort{Name: &name, Protocol: &p, Port: &n}
}

// slice makes an address the endpoint of a Service.
func (c *Controller) slice(ctx context.Context, namespace, service string, at netip.Addr, ports ...discoveryv1.EndpointPort) error {
	_, err := c.o.Client.DiscoveryV1().EndpointSlices(namespace).Create(ctx, &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: service, Labels: map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: "podarium"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{at.String()}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
		Ports:       ports,
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("endpoints of service %s: %w", service, err)
	}
	return nil
}

// serveAPI lets programs in the cluster reach the API server.
func serveAPI(ctx context.Context, n *podnet.Network, server string) (stop func(), err error) {
	l, err := n.Listen(netip.AddrPortFrom(podnet.Gateway, apiPort))
	if err != nil {
		return nil, err
	}
	go forwardConnections(ctx, func(ctx context.Context) (net.Conn, error) { return n.DialContext(ctx, "tcp", server) }, l)
	return func() { _ = l.Close() }, nil
}
