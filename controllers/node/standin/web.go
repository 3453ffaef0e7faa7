package standin

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	grpchealth "google.golang.org/grpc/health/grpc_health_v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/podarium/podarium/controllers/node/containers"
)

// web is an HTTP server that says who it is. It also speaks TLS on ports that are for it and answers gRPC health checks.
//
//	/               who answers: Pod, image, version, node, request count (JSON where asked for by Accept or ?format=json)
//	/status/CODE    answers with that status
//	/delay/TIME     answers after that time, such as 200ms
//	/exit/CODE      ends the container with that exit code
//	/env            the container's environment
//
// Where the environment names UPSTREAM (URLs, separated by commas), / asks them too and tells what they answered. An
// image that serves files serves its documents first.
type web struct {
	p        *process
	http     *http.Server
	requests atomic.Int64
	grpc     *grpc.Server
	version  string

	mu    sync.Mutex
	busy  map[net.Conn]struct{} // connections with a request, or from which the first one is still to come
	quiet chan struct{}         // closed when there are none, once somebody waits for that
}

func newWeb(p *process) *web {
	w := &web{p: p, version: p.version(), busy: map[net.Conn]struct{}{}}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	w.http = &http.Server{
		Handler: w, Protocols: protocols, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog:  log.New(io.Discard, "", 0), // a client that hangs up is no news
		ConnState: w.changed,
	}
	return w
}

func (w *web) serve(l net.Listener, port corev1.ContainerPort) {
	if port.Name == "https" || port.ContainerPort == 443 || port.ContainerPort == 8443 {
		cert, err := selfSigned(w.p.spec.Hostname)
		if err != nil {
			fmt.Fprintln(w.p.spec.Stderr, err)
			return
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}})
	}
	_ = w.http.Serve(l) // ends with stop, or with the listener
}

// changed notes what connections do.
func (w *web) changed(c net.Conn, s http.ConnState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s == http.StateNew || s == http.StateActive {
		w.busy[c] = struct{}{}
		return
	}
	if delete(w.busy, c); len(w.busy) == 0 && w.quiet != nil {
		close(w.quiet)
		w.quiet = nil
	}
}

// stop lets requests under way end, as long as ctx lasts, and those that are about to come on connections that were accepted:
// Shutdown alone would drop these without an answer.
func (w *web) stop(ctx context.Context) {
	w.http.SetKeepAlivesEnabled(false)
	quiet := make(chan struct{})
	w.mu.Lock()
	if len(w.busy) == 0 {
		close(quiet)
	} else {
		w.quiet = quiet
	}
	w.mu.Unlock()
	select {
	case <-quiet:
	case <-ctx.Done():
	}
	if w.http.Shutdown(ctx) != nil {
		_ = w.http.Close()
	}
}

func (w *web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	n := w.requests.Add(1)
	w.p.requests.Add(1)
	if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		w.health().ServeHTTP(rw, r)
		return
	}
	status := w.p.image.Status
	if status == 0 {
		status = http.StatusOK
	}
	defer func() {
		if !strings.HasPrefix(r.UserAgent(), "kube-probe/") { // probes would drown the rest
			fmt.Fprintf(w.p.spec.Stdout, "%s %s %d %s\n", r.Method, r.URL.Path, status, r.RemoteAddr)
		}
	}()
	rw.Header().Set("Server", "podarium-standin")
	rw.Header().Set("X-Pod", w.p.spec.Pod)
	rw.Header().Set("X-Version", w.version)
	verb, arg, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch verb {
	case "status":
		if code, err := strconv.Atoi(arg); err == nil && code >= 200 && code <= 599 {
			status = code
			http.Error(rw, http.StatusText(code), code)
			return
		}
	case "delay":
		if d, err := time.ParseDuration(arg); err == nil {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-t.C:
			case <-r.Context().Done():
				return
			}
		}
	case "exit":
		if code, err := strconv.Atoi(arg); err == nil && code >= 0 && code <= 255 {
			body := fmt.Sprintf("%s ends with exit code %d\n", w.p.spec.Pod, code)
			rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = io.WriteString(rw, body)
			_ = http.NewResponseController(rw).Flush() // whole before the connection ends with the container
			w.p.quit(containers.Exit{Code: code})
			return
		}
	case "env":
		_, _ = io.WriteString(rw, strings.Join(w.p.spec.Env, "\n")+"\n")
		return
	}
	if w.p.image.Serve == "files" && status == http.StatusOK {
		if code, ok := w.document(rw, r); ok {
			status = code
			return
		}
	}
	w.whoAmI(rw, r, n, status)
}

// document serves a file below the image's directory of documents; ok says that there are any.
func (w *web) document(rw http.ResponseWriter, r *http.Request) (status int, ok bool) {
	dir := w.p.image.Documents
	if es, err := w.p.files.readDir(dir); err != nil || len(es) == 0 {
		return 0, false
	}
	name := path.Join(dir, path.Clean("/"+r.URL.Path))
	info, err := w.p.files.stat(name, true)
	if err == nil && info.IsDir() {
		name = path.Join(name, "index.html")
		info, err = w.p.files.stat(name, true)
	}
	var data []byte
	if err == nil {
		data, err = w.p.files.readFile(name)
	}
	switch {
	case err == nil:
		http.ServeContent(rw, r, path.Base(name), info.ModTime(), bytes.NewReader(data))
		return http.StatusOK, true
	case os.IsPermission(err):
		http.Error(rw, "403 Forbidden", http.StatusForbidden)
		return http.StatusForbidden, true
	}
	http.Error(rw, "404 Not Found", http.StatusNotFound)
	return http.StatusNotFound, true
}

// identity is what a stand-in says of itself.
type identity struct {
	Pod       string            `json:"pod"`
	Namespace string            `json:"namespace"`
	Container string            `json:"container"`
	Image     string            `json:"image"`
	Version   string            `json:"version"`
	Node      string            `json:"node"`
	IP        string            `json:"ip"`
	Requests  int64             `json:"requests"`
	Path      string            `json:"path"`
	Upstream  map[string]string `json:"upstream,omitempty"`
}

func (w *web) whoAmI(rw http.ResponseWriter, r *http.Request, n int64, status int) {
	s := w.p.spec
	id := identity{
		Pod: s.Pod, Namespace: s.Namespace, Container: s.Name, Image: s.Image, Version: w.version, Node: w.p.engine.node,
		IP: s.IP.String(), Requests: n, Path: r.URL.Path,
	}
	if r.URL.Path == "/" { // probes ask elsewhere
		id.Upstream = w.upstream(r.Context())
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") || r.URL.Query().Get("format") == "json" {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_ = json.NewEncoder(rw).Encode(id)
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.WriteHeader(status)
	fmt.Fprintf(rw, "pod: %s/%s\nimage: %s\nversion: %s\nnode: %s\nip: %s\nrequests: %d\n", id.Namespace, id.Pod, id.Image, id.Version, id.Node, id.IP, id.Requests)
	for url, answer := range id.Upstream {
		fmt.Fprintf(rw, "upstream %s:\n  %s\n", url, strings.ReplaceAll(strings.TrimSpace(answer), "\n", "\n  "))
	}
}

// upstream asks what UPSTREAM names.
func (w *web) upstream(ctx context.Context) map[string]string {
	var urls []string
	for _, e := range w.p.spec.Env {
		if v, ok := strings.CutPrefix(e, "UPSTREAM="); ok && v != "" {
			urls = strings.Split(v, ",")
		}
	}
	if len(urls) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out := map[string]string{}
	for _, u := range urls {
		u = strings.TrimSpace(u)
		answer, err := w.ask(ctx, u)
		if err != nil {
			answer = "error: " + err.Error()
		}
		out[u] = answer
	}
	return out
}

func (w *web) ask(ctx context.Context, url string) (string, error) {
	if address, ok := strings.CutPrefix(url, "redis://"); ok {
		return w.p.countIn(ctx, address)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	t := w.p.transport()
	defer t.CloseIdleConnections()
	resp, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return string(b), err
}

// health answers gRPC health checks: it serves, unless the catalogue gives the image a failing status.
func (w *web) health() *grpc.Server {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	if w.grpc == nil {
		h := health.NewServer()
		if w.p.image.Status >= 400 {
			h.SetServingStatus("", grpchealth.HealthCheckResponse_NOT_SERVING)
		}
		w.grpc = grpc.NewServer()
		grpchealth.RegisterHealthServer(w.grpc, h)
	}
	return w.grpc
}

// selfSigned makes a certificate for a host name.
func selfSigned(host string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
