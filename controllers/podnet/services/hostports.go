package services

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/controllers/podnet"
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// hostPort is a port of the host that leads into a Service.
type hostPort struct {
	service  string // namespace/name
	protocol podnet.Protocol
	at       netip.AddrPort
	to       netip.AddrPort
	// balancer says that at's address may be another of the loopback ones; wanted is the one asked for, had the one that it
	// had, before a restart.
	balancer    bool
	wanted, had string
	// sources are who may connect; none means everybody.
	sources []netip.Prefix
	// health says that it is the health check node port.
	health bool
}

type portKey struct {
	protocol podnet.Protocol
	service  string
	port     uint16
	balancer bool
}

// portRetry is how often a port of the host is tried again that another program has.
const portRetry = 5 * time.Second

// hostPorts are the ports that are open.
type hostPorts struct {
	network *podnet.Network
	mu      sync.Mutex
	open    map[portKey]*openPort
	// addresses are those that load balancers have, one for each Service.
	addresses map[string]netip.Addr
	failed    map[portKey]string
}

type openPort struct {
	hostPort
	close func()
}

func newHostPorts(n *podnet.Network) *hostPorts {
	return &hostPorts{network: n, open: map[portKey]*openPort{}, addresses: map[string]netip.Addr{}, failed: map[portKey]string{}}
}

// set opens what is new and closes what is gone. It gives the ports that could not be opened, once for each cause, and the
// address of each load balancer all of whose ports are open.
func (h *hostPorts) set(want []hostPort) (failed map[string]error, balancers map[string]netip.Addr) {
	h.mu.Lock()
	defer h.mu.Unlock()
	failed, balancers = map[string]error{}, map[string]netip.Addr{}
	keep := map[portKey]bool{}
	for _, p := range want {
		keep[key(p)] = true
	}
	for k, o := range h.open {
		if !keep[k] {
			o.close()
			delete(h.open, k)
		}
	}
	for k := range h.failed {
		if !keep[k] {
			delete(h.failed, k)
		}
	}
	bad := map[string]bool{}
	used := h.assign(want)
	for _, p := range want {
		k := key(p)
		if p.balancer {
			p.at = netip.AddrPortFrom(h.addresses[p.service], p.at.Port())
		}
		if o := h.open[k]; o != nil {
			if o.at == p.at && o.to == p.to && slices.Equal(o.sources, p.sources) {
				continue
			}
			o.close()
			delete(h.open, k)
		}
		o, err := h.listen(p)
		if err != nil {
			if !p.health { // a load balancer works without
				bad[p.service] = true
			}
			if h.failed[k] != err.Error() {
				h.failed[k] = err.Error()
				failed[p.service] = errors.Join(failed[p.service], err)
			}
			continue
		}
		delete(h.failed, k)
		h.open[k] = o
		klog.Background().Info("Opened a port of this machine", "service", k.service, "protocol", o.protocol, "address", o.at)
	}
	for s := range h.addresses {
		if !used[s] {
			delete(h.addresses, s)
		} else if !bad[s] {
			balancers[s] = h.addresses[s]
		}
	}
	return failed, balancers
}

// missing says whether a port could not be opened.
func (h *hostPorts) missing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.failed) > 0
}

func key(p hostPort) portKey {
	return portKey{p.protocol, p.service, p.at.Port(), p.balancer}
}

// assign gives the load balancers that have none their loopback addresses, first those that had one, and says which Services
// have a load balancer. On Linux every 127.x.y.z can be listened on without further ado, so that each has its own; elsewhere
// there is 127.0.0.1 only, and two cannot have the same port.
func (h *hostPorts) assign(want []hostPort) map[string]bool {
	all := map[string][]hostPort{}
	used := map[string]bool{}
	taken := map[netip.Addr]bool{}
	for _, a := range h.addresses {
		taken[a] = true
	}
	for _, p := range want {
		if !p.balancer {
			continue
		}
		used[p.service] = true
		if _, has := h.addresses[p.service]; has {
			continue
		}
		if a, ok := p.asked(taken); ok {
			h.addresses[p.service], taken[a] = a, true
			continue
		}
		all[p.service] = append(all[p.service], p)
	}
	for _, service := range slices.Sorted(maps.Keys(all)) {
		a := loopback
		if runtime.GOOS == "linux" {
			first := netip.AddrFrom4([4]byte{127, 1, 0, 1})
			for a = first; taken[a] || a.As4()[3] < 255 && h.occupied(a, all[service]); {
				a = a.Next()
			}
		}
		h.addresses[service], taken[a] = a, true
	}
	return used
}

// asked is the address that a load balancer is to have: the one that its Service names, or the one that it had.
func (p hostPort) asked(taken map[netip.Addr]bool) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(p.wanted); err == nil && a.IsLoopback() {
		return a, true
	}
	a, err := netip.ParseAddr(p.had)
	return a, err == nil && a.IsLoopback() && a != loopback && !taken[a]
}

// occupied says whether somebody else, another cluster of this machine's say, has a port that is to be opened.
func (h *hostPorts) occupied(a netip.Addr, ports []hostPort) bool {
	for _, p := range ports {
		p.at = netip.AddrPortFrom(a, p.at.Port())
		o, err := h.listen(p)
		if err == nil {
			o.close()
		} else if errors.Is(err, syscall.EADDRINUSE) {
			return true
		}
	}
	return false
}

func (h *hostPorts) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.open {
		o.close()
	}
	clear(h.open)
}

func (h *hostPorts) listen(p hostPort) (*openPort, error) {
	if p.protocol == podnet.UDP {
		c, err := net.ListenPacket("udp", p.at.String())
		if err != nil {
			return nil, p.unavailable(err)
		}
		go podnet.ForwardPackets(admitPackets{c, p.sources}, func() (net.Conn, error) { return h.network.DialContext(context.Background(), "udp", p.to.String()) })
		return &openPort{p, func() { _ = c.Close() }}, nil
	}
	l, err := net.Listen("tcp", p.at.String())
	if err != nil {
		return nil, p.unavailable(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go forwardConnections(ctx, func(ctx context.Context) (net.Conn, error) { return h.network.DialContext(ctx, "tcp", p.to.String()) }, admitConns{l, p.sources})
	return &openPort{p, func() { cancel(); _ = l.Close() }}, nil
}

// unavailable says which port is missing, why, and what can be done.
func (p hostPort) unavailable(err error) error {
	var e syscall.Errno
	if errors.As(err, &e) {
		err = e // the rest says again which port
	}
	way := "nodePort"
	switch {
	case p.balancer:
		way = "port"
	case p.health:
		way = "healthCheckNodePort"
	}
	return fmt.Errorf("cannot open %s port %s on this machine: %w: end what has it, or choose another %s; it is tried again every %s", strings.ToUpper(string(p.protocol)), p.at, err, way, portRetry)
}

// forwardConnections passes connections on to what dial reaches, until l is closed.
func forwardConnections(ctx context.Context, dial func(context.Context) (net.Conn, error), l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			target, err := dial(ctx)
			if err != nil {
				reset(c)
				return
			}
			defer target.Close()
			podnet.Join(c, target)
		}()
	}
}

// left says whether an address is of ours: it is taken back from a Service that is none of a load balancer any more.
func left(have []corev1.LoadBalancerIngress) bool {
	return slices.ContainsFunc(have, func(i corev1.LoadBalancerIngress) bool {
		a, err := netip.ParseAddr(i.IP)
		return err == nil && a.IsLoopback()
	})
}

// publish writes the addresses of load balancers to the status of their Services.
func (c *Controller) publish(ctx context.Context, specs map[string]*corev1.Service, balancers map[string]netip.Addr) {
	for name, s := range specs {
		addr, has := balancers[name]
		var want []corev1.LoadBalancerIngress
		if has {
			want = []corev1.LoadBalancerIngress{{IP: addr.String(), IPMode: new(corev1.LoadBalancerIPModeProxy)}}
		}
		have := s.Status.LoadBalancer.Ingress
		if !balanced(s) && !left(have) || len(have) == len(want) && (len(want) == 0 || have[0].IP == want[0].IP) {
			continue
		}
		patch, err := json.Marshal(map[string]any{"status": map[string]any{"loadBalancer": corev1.LoadBalancerStatus{Ingress: want}}})
		if err == nil {
			_, err = c.o.Client.CoreV1().Services(s.Namespace).Patch(ctx, s.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
		}
		if err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Cannot write the address of a load balancer", "service", name)
		}
	}
}
