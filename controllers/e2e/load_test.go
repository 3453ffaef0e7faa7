package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: shop:v1
        ports: [{containerPort: 80, name: http}, {containerPort: 5353, protocol: UDP, name: dns}]
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{name: http, port: 80}, {name: dns, port: 53, targetPort: dns, protocol: UDP}]
`

// serve runs n Pods behind a Service, and gives its ports on this machine when all of them answer.
func serve(t *testing.T, c *clustertest.Cluster, ns string, n int) (tcp, udp string) {
	t.Helper()
	apply(t, c, ns, fmt.Sprintf(web, n))
	clustertest.Eventually(t, "the Pods to be endpoints", func() bool {
		out, err := c.TryKubectl(t, "get", "endpointslices", "-n", ns, "-l", "kubernetes.io/service-name=web", "-o", "jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}x{end}")
		return err == nil && len(strings.TrimSpace(out)) == n
	})
	s, err := c.Kubernetes().CoreV1().Services(ns).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tcp = fmt.Sprintf("127.0.0.1:%d", s.Spec.Ports[0].NodePort)
	udp = fmt.Sprintf("127.0.0.1:%d", s.Spec.Ports[1].NodePort)
	seen := map[string]bool{}
	clustertest.Eventually(t, "every Pod to answer", func() bool {
		if id, err := ask(t.Context(), tcp); err == nil {
			seen[id.Pod] = true
		}
		return len(seen) == n
	})
	return tcp, udp
}

// answerLimit is after how long an answer counts as lost: long enough for a machine that is busy with other tests.
const answerLimit = time.Minute

type answer struct{ Pod, Version string }

// ask makes one request on a connection of its own.
func ask(ctx context.Context, address string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/?format=json", nil)
	if err != nil {
		return answer{}, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("%s: %s", resp.Status, b)
	}
	var a answer
	return a, json.Unmarshal(b, &a)
}

func TestRoundRobin(t *testing.T) {
	c, ns := clustertest.Shared(t)
	tcp, udp := serve(t, c, ns, 5)
	const each = 200
	counts := map[string]int{}
	for range 5 * each {
		a, err := ask(t.Context(), tcp)
		if err != nil {
			t.Fatal(err)
		}
		counts[a.Pod]++
	}
	for pod, n := range counts {
		if n < each-1 || n > each+1 {
			t.Errorf("%s got %d of %d requests, want %d", pod, n, 5*each, each)
		}
	}
	// By UDP each client, which is an address and a port, stays with its endpoint: many clients are spread.
	counts = map[string]int{}
	for range 5 * each {
		conn, err := net.Dial("udp", udp)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() // not before the end: another client would be given its port
		a, err := askUDP(conn)
		if err != nil {
			t.Fatal(err)
		}
		counts[a.Pod]++
	}
	for pod, n := range counts {
		if n < each-1 || n > each+1 {
			t.Errorf("by UDP %s got %d of %d clients, want %d", pod, n, 5*each, each)
		}
	}
	for port, more := range map[string]int64{"http": int64(each), "dns": int64(each)} {
		for pod, n := range traffic(t, c, ns, "web", port) {
			if n < more-1 || n > more+20 { // those that asked until every Pod answered count too
				t.Errorf("podarium status counts %d connections of %s to port %s, want about %d", n, pod, port, more)
			}
		}
	}
}

// askUDP sends one datagram and says who answers.
func askUDP(conn net.Conn) (answer, error) {
	if _, err := fmt.Fprint(conn, "who?"); err != nil {
		return answer{}, err
	}
	if err := conn.SetReadDeadline(time.Now().Add(answerLimit)); err != nil {
		return answer{}, err
	}
	buf := make([]byte, 200)
	n, err := conn.Read(buf)
	if err != nil {
		return answer{}, err
	}
	var a answer
	_, err = fmt.Sscanf(string(buf[:n]), "%s %s ", &a.Pod, &a.Version)
	return a, err
}

// load asks all the time until stop is called, which gives the answers in the order of the questions, and what failed.
func load(t *testing.T, perSecond int, ask func(context.Context) (string, error)) (stop func() (answers []string, failed []error)) {
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	answers := map[int]string{} // by question
	var failed []error
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				a, err := ask(context.WithoutCancel(ctx))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = append(failed, err)
				} else {
					answers[i] = a
				}
			}()
		}
	}()
	return func() ([]string, []error) {
		cancel()
		wg.Wait()
		var inOrder []string
		for _, i := range slices.Sorted(maps.Keys(answers)) {
			inOrder = append(inOrder, answers[i])
		}
		return inOrder, failed
	}
}

// version asks for the version that answers.
func version(address string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		a, err := ask(ctx, address)
		return a.Version, err
	}
}

// versionUDP asks for it as another client each time.
func versionUDP(address string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		conn, err := net.Dial("udp", address)
		if err != nil {
			return "", err
		}
		defer conn.Close()
		a, err := askUDP(conn)
		return a.Version, err
	}
}

func TestRollingUpdateUnderLoadLosesNothing(t *testing.T) {
	c, ns := clustertest.Shared(t)
	tcp, udp := serve(t, c, ns, 3)
	asking := map[string]func(context.Context) (string, error){"TCP": version(tcp), "UDP": versionUDP(udp)}
	stop := map[string]func() ([]string, []error){}
	for protocol, ask := range asking {
		stop[protocol] = load(t, 200, ask)
	}
	c.Kubectl(t, "set", "image", "-n", ns, "deployment/web", "web=shop:v2")
	c.Kubectl(t, "rollout", "status", "-n", ns, "deployment/web", "--timeout=180s")
	for protocol, ask := range asking {
		clustertest.Eventually(t, "only v2 to answer by "+protocol, func() bool {
			for range 10 {
				if v, err := ask(t.Context()); err != nil || v != "v2" {
					return false
				}
			}
			return true
		})
	}
	for protocol, stop := range stop {
		versions, failed := stop()
		if len(failed) > 0 {
			t.Errorf("by %s %d of %d requests failed, the first with: %v", protocol, len(failed), len(failed)+len(versions), failed[0])
		}
		fromV1ToV2(t, protocol, versions)
	}
}

// fromV1ToV2 proves that answers, in the order of the questions, change from v1 to v2 only: of each fifth of them more are v2
// than of the one before, but for what overlaps on a busy machine.
func fromV1ToV2(t *testing.T, protocol string, versions []string) {
	t.Helper()
	if n := len(versions); n == 0 || versions[0] != "v1" || versions[n-1] != "v2" {
		t.Errorf("by %s %d answers do not go from v1 to v2", protocol, n)
	}
	const parts = 5
	before := 0
	for i := range parts {
		v2 := 0
		part := versions[i*len(versions)/parts : (i+1)*len(versions)/parts]
		for _, v := range part {
			switch v {
			case "v2":
				v2++
			case "v1":
			default:
				t.Errorf("by %s %q answers", protocol, v)
			}
		}
		if v2 < before-len(part)/5 {
			t.Errorf("by %s %d of the answers of part %d are v2, %d were of the one before", protocol, v2, i, before)
		}
		before = v2
	}
}

// A Pod is deleted, with the grace that it asks for and with none at all.
func TestKilledPodUnderLoadLosesNothing(t *testing.T) {
	for name, grace := range map[string]*int64{"with grace": nil, "by force": new(int64)} {
		t.Run(name, func(t *testing.T) {
			c, ns := clustertest.Shared(t)
			tcp, udp := serve(t, c, ns, 3)
			stop := map[string]func() ([]string, []error){"TCP": load(t, 200, version(tcp)), "UDP": load(t, 200, versionUDP(udp))}
			pods, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
			if err != nil {
				t.Fatal(err)
			}
			victim := pods.Items[0].Name
			if err := c.Kubernetes().CoreV1().Pods(ns).Delete(t.Context(), victim, metav1.DeleteOptions{GracePeriodSeconds: grace}); err != nil {
				t.Fatal(err)
			}
			clustertest.Eventually(t, "another Pod to take its place", func() bool {
				l, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
				if err != nil || len(l.Items) != 3 {
					return false
				}
				for i := range l.Items {
					if l.Items[i].Name == victim || !isReady(&l.Items[i]) {
						return false
					}
				}
				return true
			})
			for protocol, stop := range stop {
				if answers, failed := stop(); len(failed) > 0 {
					t.Errorf("by %s %d of %d requests failed, the first with: %v", protocol, len(failed), len(failed)+len(answers), failed[0])
				}
			}
		})
	}
}
