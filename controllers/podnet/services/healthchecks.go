package services

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/proxy"

	"github.com/podarium/podarium/controllers/podnet"
)

// healthChecks serve the healthCheckNodePort of Services with externalTrafficPolicy Local as kube-proxy does: on each
// node's address whether it has an endpoint of the Service, at the gateway, where the host's own port leads, whether any
// node has.
type healthChecks struct {
	network *podnet.Network
	open    map[netip.AddrPort]*healthCheck
}

type healthCheck struct {
	service types.NamespacedName
	local   atomic.Int64 // endpoints there
	server  *http.Server
}

func newHealthChecks(n *podnet.Network) *healthChecks {
	return &healthChecks{network: n, open: map[netip.AddrPort]*healthCheck{}}
}

// healthAnswer is what kube-proxy answers.
type healthAnswer struct {
	Service struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"service"`
	LocalEndpoints      int64 `json:"localEndpoints"`
	ServiceProxyHealthy bool  `json:"serviceProxyHealthy"`
}

func (h *healthCheck) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	a := healthAnswer{LocalEndpoints: h.local.Load(), ServiceProxyHealthy: true}
	a.Service.Namespace, a.Service.Name = h.service.Namespace, h.service.Name
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("X-Load-Balancing-Endpoint-Weight", strconv.FormatInt(a.LocalEndpoints, 10))
	if a.LocalEndpoints == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(a) // who asked has gone
}

// health is what one port is to say.
type health struct {
	service types.NamespacedName
	local   int
}

// set opens what is new, closes what is gone, and says of each how many endpoints there are.
func (h *healthChecks) set(want map[netip.AddrPort]health) {
	for at, c := range h.open {
		if w, ok := want[at]; !ok || w.service != c.service {
			_ = c.server.Close()
			delete(h.open, at)
		}
	}
	for at, w := range want {
		c := h.open[at]
		if c == nil {
			l, err := h.network.Listen(at)
			if err != nil {
				klog.Background().Error(err, "Cannot serve a health check node port", "service", w.service)
				continue
			}
			c = &healthCheck{service: w.service}
			c.local.Store(int64(w.local))
			c.server = &http.Server{Handler: c, ReadHeaderTimeout: 10 * time.Second}
			h.open[at] = c
			go func(s *http.Server, l net.Listener) { _ = s.Serve(l) }(c.server, l) // it ends with set or close
		}
		c.local.Store(int64(w.local))
	}
}

func (h *healthChecks) close() { h.set(nil) }

// healthPorts says what the health checks of all Services are to answer, and which ports of the host lead there.
func (c *Controller) healthPorts(services proxy.ServicePortMap, endpoints proxy.EndpointsMap, nodes map[string]machine) (map[netip.AddrPort]health, []hostPort) {
	want := map[netip.AddrPort]health{}
	var ports []hostPort
	for service, port := range services.HealthCheckNodePorts() {
		everywhere := map[netip.Addr]struct{}{}
		for name, ends := range endpoints {
			if name.NamespacedName != service || name.Protocol == corev1.ProtocolSCTP {
				continue
			}
			for _, e := range ends {
				if ip, err := netip.ParseAddr(e.IP()); err == nil && e.IsReady() {
					everywhere[ip] = struct{}{}
				}
			}
		}
		by := map[netip.Addr]int{}
		for ip := range everywhere {
			by[c.o.Network.NodeOf(ip)]++
		}
		for _, m := range nodes {
			if c.o.Network.NodeOf(m.addr) == m.addr { // not a simulated one
				want[netip.AddrPortFrom(m.addr, port)] = health{service, by[m.addr]}
			}
		}
		gateway := netip.AddrPortFrom(podnet.Gateway, port)
		want[gateway] = health{service, len(everywhere)}
		ports = append(ports, hostPort{service: service.String(), protocol: podnet.TCP, at: netip.AddrPortFrom(loopback, port), to: gateway, health: true})
	}
	return want, ports
}
