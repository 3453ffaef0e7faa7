package remote

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"testing"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

// The loopback network stands for a bridge: the machine has an address there, and so has the Pod.
func TestWayOut(t *testing.T) {
	n := podnet.New()
	s, err := n.Subnet("node-1")
	if err != nil {
		t.Fatal(err)
	}
	web, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	l, err := n.Listen(netip.AddrPortFrom(web, 80))
	if err != nil {
		t.Fatal(err)
	}
	callers := make(chan string, 10)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		callers <- r.RemoteAddr
		_, _ = io.WriteString(w, "hello")
	})}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	n.SetResolver(func(name string) ([]netip.Addr, bool) {
		if name == "web.shop.svc.cluster.local" {
			return []netip.Addr{web}, true
		}
		return nil, false
	})
	w := newWaysOut(n)
	t.Cleanup(w.close)
	pod := netip.MustParseAddr("127.0.0.1")
	env, err := w.of(pod, &runtimeapi.DNSConfig{Searches: []string{"shop.svc.cluster.local"}, Options: []string{"ndots:5"}})
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{}
	for _, e := range env {
		vars[e.Key] = string(e.Value)
	}
	u, err := url.Parse(vars["http_proxy"])
	if err != nil || vars["HTTP_PROXY"] != vars["http_proxy"] || vars["all_proxy"] != "socks5h://"+u.Host {
		t.Fatalf("the environment is %v", vars)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyURL(u)}}
	resp, err := client.Get("http://web/")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if string(body) != "hello" {
		t.Errorf("by its short name: %s %q", resp.Status, body)
	}
	if from, _, _ := net.SplitHostPort(<-callers); from != pod.String() {
		t.Errorf("the Pod comes as %s", from)
	}
	w.forget(pod)
	if resp, err = client.Get("http://web/"); err != nil || resp.StatusCode != http.StatusBadGateway {
		t.Errorf("whoever is no Pod gets %v, %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}
	if env, err := w.of(netip.MustParseAddr("192.0.2.77"), nil); err == nil && len(env) > 0 {
		if own, _ := neighbour(netip.MustParseAddr("192.0.2.77")); !own.IsValid() {
			t.Errorf("a Pod on no network of this machine's gets %v", env)
		}
	}
}
