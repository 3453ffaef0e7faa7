package services

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"

	"github.com/podarium/podarium/controllers/podnet"
)

func TestHealthChecks(t *testing.T) {
	n := podnet.New()
	s, err := n.Subnet("node-1")
	if err != nil {
		t.Fatal(err)
	}
	h := newHealthChecks(n)
	defer h.close()
	at := netip.AddrPortFrom(s.Node, 32100)
	name := types.NamespacedName{Namespace: "shop", Name: "web"}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return n.DialContext(ctx, network, address)
	}}}
	for _, test := range []struct {
		local int
		code  int
	}{{2, http.StatusOK}, {0, http.StatusServiceUnavailable}, {1, http.StatusOK}} {
		h.set(map[netip.AddrPort]health{at: {name, test.local}})
		resp, err := client.Get("http://" + at.String() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != test.code || !strings.Contains(string(body), `"namespace":"shop"`) {
			t.Errorf("with %d endpoints: %s, %s", test.local, resp.Status, body)
		}
	}
	h.set(nil)
	if _, err := client.Get("http://" + at.String()); err == nil {
		t.Error("the health check of a Service that has gone still answers")
	}
}

// A port that is not carried is said once, again when it changes, and again to another Service of that name.
func TestRefuse(t *testing.T) {
	c := New(Options{Network: podnet.New()})
	said := record.NewFakeRecorder(10)
	c.recorder = said
	service := func(uid types.UID, ports ...int32) map[string]*corev1.Service {
		s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: uid}}
		for _, p := range ports {
			s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Port: p, Protocol: corev1.ProtocolSCTP})
		}
		return map[string]*corev1.Service{"shop/web": s}
	}
	for i, step := range []struct {
		specs map[string]*corev1.Service
		want  string
	}{
		{service("a"), ""},
		{service("a", 80), "nothing answers at 80/SCTP"},
		{service("a", 80), ""},
		{service("a", 80, 9), "nothing answers at 80/SCTP, 9/SCTP"},
		{service("b", 80), "nothing answers at 80/SCTP"},
		{nil, ""},
	} {
		c.refuse(step.specs)
		got := ""
		select {
		case got = <-said.Events:
		default:
		}
		if step.want == "" && got != "" || !strings.Contains(got, step.want) {
			t.Errorf("step %d: %q is said, want %q", i, got, step.want)
		}
	}
}
