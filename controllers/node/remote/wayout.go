package remote

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
	"github.com/podarium/podarium/controllers/podnet/proxy"
)

// waysOut let containers that do not run in this process reach the cluster's names and addresses, without root and without
// a route: by a SOCKS5 and HTTP proxy on the machine's own address on the bridge that the Pod is on. It serves Pods of this
// node only, each as itself: names are completed by its search path, and NetworkPolicies hold for its address.
type waysOut struct {
	network *podnet.Network

	mu      sync.Mutex
	pods    map[netip.Addr]*runtimeapi.DNSConfig // whom it serves
	proxies map[netip.Addr]net.Listener          // by the machine's address
}

func newWaysOut(n *podnet.Network) *waysOut {
	return &waysOut{network: n, pods: map[netip.Addr]*runtimeapi.DNSConfig{}, proxies: map[netip.Addr]net.Listener{}}
}

// of gives the environment by which the containers of a Pod find the proxy; none where the machine is on no network
// with the Pod.
func (w *waysOut) of(pod netip.Addr, dns *runtimeapi.DNSConfig) ([]*runtimeapi.KeyValue, error) {
	own, err := neighbour(pod)
	if err != nil || !own.IsValid() {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pods[pod] = dns
	l := w.proxies[own]
	if l == nil {
		if l, err = net.Listen("tcp", netip.AddrPortFrom(own, 0).String()); err != nil {
			return nil, fmt.Errorf("way out for Pods: %w", err)
		}
		w.proxies[own] = l
		go func() {
			if err := proxy.Serve(context.Background(), l, w.dial); err != nil { // it ends with close
				klog.Background().Error(err, "Containers do not reach the cluster any more", "address", l.Addr())
			}
		}()
	}
	var env []*runtimeapi.KeyValue
	for _, v := range [][2]string{
		{"http_proxy", "http://" + l.Addr().String()}, {"https_proxy", "http://" + l.Addr().String()},
		{"all_proxy", "socks5h://" + l.Addr().String()}, {"no_proxy", "localhost,127.0.0.1,::1"},
	} {
		env = append(env, &runtimeapi.KeyValue{Key: v[0], Value: []byte(v[1])}, &runtimeapi.KeyValue{Key: strings.ToUpper(v[0]), Value: []byte(v[1])})
	}
	return env, nil
}

// dial connects a Pod; everybody else is refused.
func (w *waysOut) dial(ctx context.Context, client net.Addr, address string) (net.Conn, error) {
	from, err := netip.ParseAddrPort(client.String())
	if err != nil {
		return nil, err
	}
	pod := from.Addr().Unmap()
	w.mu.Lock()
	dns, ok := w.pods[pod]
	w.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("%s is no Pod of this node", pod)
	}
	s := containers.Spec{IP: pod, DNS: dns}
	return s.Dial(ctx, w.network, "tcp", address)
}

// forget ends what a Pod may.
func (w *waysOut) forget(pod netip.Addr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pods, pod)
}

func (w *waysOut) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.proxies {
		_ = l.Close()
	}
	clear(w.proxies)
	clear(w.pods)
}

// neighbour is this machine's address on the network that an address is on; invalid where there is none.
func neighbour(pod netip.Addr) (netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("addresses of this machine: %w", err)
	}
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Unmap().Is4() == pod.Is4() && p.Contains(pod) && p.Bits() > 0 {
			return p.Addr().Unmap(), nil
		}
	}
	return netip.Addr{}, nil
}
