package metrics

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/netip"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/metrics/pkg/apis/metrics"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// Options says what Run works with.
type Options struct {
	// Client and Dynamic may create a Service, an EndpointSlice and an APIService.
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
	Network *podnet.Network
	// Nodes gives those that run now.
	Nodes func() []Node
	// CertFile and KeyFile are a serving certificate for ServiceHost; CA is the PEM of who has signed it.
	CertFile, KeyFile string
	CA                []byte
	// ClientCAFile is who signs the aggregator's client certificate.
	ClientCAFile string
}

// ServiceHost is the name by which the aggregator knows the server.
const ServiceHost = serviceName + "." + metav1.NamespaceSystem + ".svc"

const (
	serviceName = "metrics-server"
	port        = 10443
)

// Run serves until ctx ends.
func Run(ctx context.Context, o Options) error {
	cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
	if err != nil {
		return fmt.Errorf("metrics server: %w", err)
	}
	pem, err := os.ReadFile(o.ClientCAFile)
	if err != nil {
		return fmt.Errorf("metrics server: %w", err)
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(pem) {
		return fmt.Errorf("metrics server: %s holds no certificate", o.ClientCAFile)
	}
	l, err := o.Network.Listen(netip.AddrPortFrom(podnet.Gateway, port))
	if err != nil {
		return fmt.Errorf("metrics server: %w", err)
	}
	s := &server{sampler: &sampler{nodes: o.Nodes}}
	h := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12},
	}
	failed := make(chan error, 1)
	go func() { failed <- h.ServeTLS(l, "", "") }()
	defer h.Close()
	go register(ctx, o)
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.sampler.take()
		case err := <-failed:
			return fmt.Errorf("metrics server: %w", err)
		case <-ctx.Done():
			return nil
		}
	}
}

type server struct{ sampler *sampler }

func (s *server) routes() http.Handler {
	const base = "/apis/metrics.k8s.io/v1beta1"
	version := metav1.GroupVersionForDiscovery{GroupVersion: metricsv1beta1.SchemeGroupVersion.String(), Version: "v1beta1"}
	group := metav1.APIGroup{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}, Name: metrics.GroupName,
		Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version,
	}
	verbs := metav1.Verbs{"get", "list"}
	mux := http.NewServeMux()
	give := func(path string, v any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, v) })
	}
	give("/apis", &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{group}})
	give("/apis/metrics.k8s.io", &group)
	give("/openapi/v2", map[string]any{"swagger": "2.0", "info": map[string]any{"title": metrics.GroupName, "version": "v1beta1"}, "paths": map[string]any{}})
	give("/openapi/v3", map[string]any{"paths": map[string]any{}})
	give(base, &metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: version.GroupVersion,
		APIResources: []metav1.APIResource{
			{Name: "nodes", SingularName: "node", Kind: "NodeMetrics", Verbs: verbs},
			{Name: "pods", SingularName: "pod", Kind: "PodMetrics", Namespaced: true, Verbs: verbs},
		},
	})
	mux.HandleFunc("GET "+base+"/nodes", s.nodes)
	mux.HandleFunc("GET "+base+"/nodes/{name}", s.nodes)
	mux.HandleFunc("GET "+base+"/pods", s.pods)
	mux.HandleFunc("GET "+base+"/namespaces/{namespace}/pods", s.pods)
	mux.HandleFunc("GET "+base+"/namespaces/{namespace}/pods/{name}", s.pods)
	return mux
}

func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // a failed write is the reader's
}

func fail(w http.ResponseWriter, code int, reason metav1.StatusReason, err error) {
	reply(w, code, &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: err.Error(),
	})
}

func usage(processors float64, memory uint64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewScaledQuantity(int64(math.Round(processors*1e9)), resource.Nano),
		corev1.ResourceMemory: *resource.NewQuantity(int64(memory), resource.BinarySI),
	}
}

func (s *server) nodes(w http.ResponseWriter, r *http.Request) {
	old, last := s.sampler.current()
	list := &metricsv1beta1.NodeMetricsList{TypeMeta: typeMeta("NodeMetricsList"), Items: []metricsv1beta1.NodeMetrics{}}
	for name, u := range last.nodes {
		if want := r.PathValue("name"); want != "" && want != name {
			continue
		}
		processors := 0.0
		if old != nil {
			processors = rate(old.nodes[name].CPU, u.CPU, last.at.Sub(old.at))
		}
		list.Items = append(list.Items, metricsv1beta1.NodeMetrics{
			TypeMeta: typeMeta("NodeMetrics"), ObjectMeta: metav1.ObjectMeta{Name: name}, Timestamp: metav1.NewTime(last.at),
			Window: metav1.Duration{Duration: period}, Usage: usage(processors, u.Memory),
		})
	}
	if name := r.PathValue("name"); name != "" {
		if len(list.Items) == 0 {
			fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Errorf("nodemetrics %q not found", name))
			return
		}
		reply(w, http.StatusOK, &list.Items[0])
		return
	}
	reply(w, http.StatusOK, list)
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{Kind: kind, APIVersion: metricsv1beta1.SchemeGroupVersion.String()}
}

func (s *server) pods(w http.ResponseWriter, r *http.Request) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		fail(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err)
		return
	}
	old, last := s.sampler.current()
	list := &metricsv1beta1.PodMetricsList{TypeMeta: typeMeta("PodMetricsList"), Items: []metricsv1beta1.PodMetrics{}}
	namespace, name := r.PathValue("namespace"), r.PathValue("name")
	for k, p := range last.pods {
		if namespace != "" && namespace != k.namespace || name != "" && name != k.name || !selector.Matches(labels.Set(p.Labels)) {
			continue
		}
		m := metricsv1beta1.PodMetrics{
			TypeMeta:   typeMeta("PodMetrics"),
			ObjectMeta: metav1.ObjectMeta{Name: k.name, Namespace: k.namespace, Labels: p.Labels},
			Timestamp:  metav1.NewTime(last.at), Window: metav1.Duration{Duration: period},
		}
		for c, u := range p.Containers {
			before, since := containers.Usage{}, p.Started
			if old != nil {
				if o, ok := old.pods[k]; ok && o.Started.Equal(p.Started) {
					before, since = o.Containers[c], old.at
				}
			}
			m.Containers = append(m.Containers, metricsv1beta1.ContainerMetrics{Name: c, Usage: usage(rate(before.CPU, u.CPU, last.at.Sub(since)), u.Memory)})
		}
		list.Items = append(list.Items, m)
	}
	if name != "" {
		if len(list.Items) == 0 {
			fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Errorf("podmetrics \"%s/%s\" not found", namespace, name))
			return
		}
		reply(w, http.StatusOK, &list.Items[0])
		return
	}
	reply(w, http.StatusOK, list)
}
