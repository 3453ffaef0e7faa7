package standin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/node/containers"
)

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// get asks a stand-in on the virtual network; it waits until that listens.
func get(t *testing.T, e *Engine, url string) (int, string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DialContext: e.network.DialContext, DisableKeepAlives: true}, Timeout: time.Minute}
	for deadline := time.Now().Add(time.Minute); ; {
		resp, err := c.Get(url)
		if err != nil {
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
			continue
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
}

func address(p containers.Process) string { return p.(*process).spec.IP.String() }

func TestHTTP(t *testing.T) {
	e, subnet := newEngine(t)
	p, _ := start(t, e, subnet, containers.Spec{Image: "example.com/shop:v2", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}})
	url := "http://" + address(p) + ":8080"
	code, body := get(t, e, url+"/?format=json")
	var id identity
	if err := json.Unmarshal([]byte(body), &id); err != nil || code != 200 {
		t.Fatalf("%d %q: %v", code, body, err)
	}
	if id.Pod != "pod" || id.Version != "v2" || id.Node != "node-1" || id.Requests != 1 {
		t.Errorf("it says that it is %+v", id)
	}
	if code, _ := get(t, e, url+"/status/503"); code != 503 {
		t.Errorf("/status/503 gives %d", code)
	}
	get(t, e, url+"/exit/7")
	<-p.Done()
	if p.Exit().Code != 7 {
		t.Errorf("/exit/7 ends with %d", p.Exit().Code)
	}
	if _, err := e.network.DialContext(context.Background(), "tcp", address(p)+":8080"); err == nil {
		t.Error("an ended container listens")
	}
}

func TestDocuments(t *testing.T) {
	e, subnet := newEngine(t)
	dir := t.TempDir()
	mustWrite(t, dir+"/index.html", "<h1>shop</h1>")
	p, _ := start(t, e, subnet, containers.Spec{Image: "nginx:1.27", Mounts: []*runtimeapi.Mount{{ContainerPath: "/usr/share/nginx/html", HostPath: dir}}})
	if code, body := get(t, e, "http://"+address(p)+"/"); code != 200 || body != "<h1>shop</h1>" {
		t.Errorf("%d %q", code, body)
	}
	if code, _ := get(t, e, "http://"+address(p)+"/missing"); code != 404 {
		t.Errorf("a missing document gives %d", code)
	}
}

func TestUDP(t *testing.T) {
	e, subnet := newEngine(t)
	p, out := start(t, e, subnet, containers.Spec{Image: "dns:v1", Ports: []corev1.ContainerPort{{ContainerPort: 53, Protocol: corev1.ProtocolUDP}}})
	await(t, func() bool { return out.String() != "" })
	c, err := e.network.DialContext(context.Background(), "udp", address(p)+":53")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "ping")
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 100)
	n, err := c.Read(buf)
	if err != nil || string(buf[:n]) != "pod v1 dns:v1 node-1 #1: ping" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

func TestRedisKeepsItsData(t *testing.T) {
	e, subnet := newEngine(t)
	spec := containers.Spec{Image: "redis:7", Mounts: []*runtimeapi.Mount{{ContainerPath: "/data", HostPath: t.TempDir()}}}
	command := func(p containers.Process, args ...string) string {
		t.Helper()
		var c net.Conn
		await(t, func() bool {
			var err error
			c, err = e.network.DialContext(context.Background(), "tcp", address(p)+":6379")
			return err == nil
		})
		defer c.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		answer, err := redisCommand(ctx, c, args...)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	p, _ := start(t, e, subnet, spec)
	if a := command(p, "SET", "k", "v"); a != "OK" {
		t.Fatal(a)
	}
	for _, c := range []string{"SET short lived EX 100", "RPUSH l a b", "HSET h f 1", "SADD s x", "ZADD z 2 two 1 one"} {
		command(p, strings.Fields(c)...)
	}
	p.Terminate()
	<-p.Done()
	p, _ = start(t, e, subnet, spec)
	for c, want := range map[string]string{"GET k": "v", "LRANGE l 0 -1": "a\nb", "HGET h f": "1", "SMEMBERS s": "x", "ZRANGE z 0 -1": "one\ntwo"} {
		if a := command(p, strings.Fields(c)...); a != want {
			t.Errorf("after a restart %s gives %q, want %q", c, a, want)
		}
	}
	if a := command(p, "TTL", "short"); a == "-1" || a == "-2" {
		t.Errorf("after a restart the time to live is %s", a)
	}
}

// A port called redis is one, beside what else the image serves.
func TestPortCalledRedis(t *testing.T) {
	e, subnet := newEngine(t)
	p, _ := start(t, e, subnet, containers.Spec{Image: "shop:v1", Ports: []corev1.ContainerPort{{ContainerPort: 80}, {ContainerPort: 7000, Name: "redis"}}})
	if code, _ := get(t, e, "http://"+address(p)+"/"); code != 200 {
		t.Errorf("port 80 gives %d", code)
	}
	c, err := e.network.DialContext(t.Context(), "tcp", address(p)+":7000")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if a, err := redisCommand(ctx, c, "PING"); a != "PONG" || err != nil {
		t.Errorf("%q, %v", a, err)
	}
}

func TestZookeeper(t *testing.T) {
	e, subnet := newEngine(t)
	p, out := start(t, e, subnet, containers.Spec{Image: "zookeeper:3.9"})
	await(t, func() bool { return out.String() != "" })
	c, err := e.network.DialContext(context.Background(), "tcp", address(p)+":2181")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "ruok")
	if b, err := io.ReadAll(c); err != nil || string(b) != "imok" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestCatalogue(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for image, want := range map[string]string{"nginx": "files", "bitnami/redis:7": "redis", "busybox:1.36": "shell", "shop:v1": "http", "nginx:crash": "files"} {
		if got := c.Find(image).Serve; got != want {
			t.Errorf("%s serves %q, want %q", image, got, want)
		}
	}
	if c.Find("nginx:crash").Exit == nil || c.Find("nginx:broken").pullError("nginx:broken") == nil {
		t.Error("the tags crash and broken do nothing")
	}
	for file, want := range map[string]string{
		"images: [{match: a, colour: red}]":                  "colour",
		"images: [{serve: http}]":                            "match is missing",
		"images: [{match: a, serve: mail}]":                  "mail",
		"images: [{match: a, exit: {code: 300, after: 1s}}]": "exit.code",
	} {
		if _, err := c.Load([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error about %s", file, err, want)
		}
	}
}

func mustWrite(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// await waits until something is so.
func await(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
	}
}

// Whoever has connected before a server is asked to end is answered, also where the request comes after that.
func TestLateRequest(t *testing.T) {
	e, subnet := newEngine(t)
	p, _ := start(t, e, subnet, containers.Spec{Image: "shop:v1", Ports: []corev1.ContainerPort{{ContainerPort: 80}}})
	at := address(p) + ":80"
	get(t, e, "http://"+at)
	var clients []net.Conn
	for range 20 {
		c, err := e.network.DialContext(t.Context(), "tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		clients = append(clients, c)
	}
	p.Terminate()
	await(t, func() bool { return !e.network.Serves("tcp", at) })
	for _, c := range clients {
		if _, err := io.WriteString(c, "GET /late HTTP/1.1\r\nHost: shop\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		if b, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 200 OK") {
			t.Fatalf("the answer is %q, %v", b, err)
		}
	}
	<-p.Done()
}
