package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/podarium/podarium/cluster/clustertest"
)

// Each kind of probe, for each purpose, answered and not: a failing startup or liveness probe restarts the container, a failing
// readiness probe takes the Pod out of the EndpointSlice and the balancer.
func TestProbes(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `{apiVersion: v1, kind: Service, metadata: {name: probed}, spec: {selector: {probed: by-all}, ports: [{port: 80, targetPort: web}]}}`)
	handlers := map[string]func(ok bool) corev1.ProbeHandler{
		"http": func(ok bool) corev1.ProbeHandler {
			path := "/"
			if !ok {
				path = "/status/500"
			}
			return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("web")}}
		},
		"tcp": func(ok bool) corev1.ProbeHandler {
			port := 8080
			if !ok {
				port = 9
			}
			return corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt(port)}}
		},
		"grpc": func(ok bool) corev1.ProbeHandler {
			service := ""
			if !ok {
				service = "no.such.Service"
			}
			return corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080, Service: &service}}
		},
		"exec": func(ok bool) corev1.ProbeHandler {
			return corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"sh", "-c", fmt.Sprintf("exit %d", map[bool]int{true: 0, false: 1}[ok])}}}
		},
	}
	const nothing, startup, liveness, readiness = "nothing", "Startup", "Liveness", "Readiness"
	name := func(kind, fails string) string { return kind + "-" + strings.ToLower(fails) }
	for kind, h := range handlers {
		for _, fails := range []string{nothing, startup, liveness, readiness} {
			probe := func(purpose string) *corev1.Probe {
				if purpose == fails {
					return &corev1.Probe{ProbeHandler: h(false), PeriodSeconds: 1, FailureThreshold: 1}
				}
				return &corev1.Probe{ProbeHandler: h(true), PeriodSeconds: 1, FailureThreshold: 5, TimeoutSeconds: 60} // a busy machine must not look like a sick Pod
			}
			p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name(kind, fails), Labels: map[string]string{"probed": "by-all"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "c", Image: "shop:v1", Ports: []corev1.ContainerPort{{ContainerPort: 8080, Name: "web"}},
				StartupProbe: probe(startup), LivenessProbe: probe(liveness), ReadinessProbe: probe(readiness),
			}}}}
			if _, err := c.Kubernetes().CoreV1().Pods(ns).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for kind := range handlers {
		clustertest.Eventually(t, kind+" probes to be answered", func() bool { return isReady(get(t, c, ns, name(kind, nothing))) })
		for _, fails := range []string{startup, liveness} {
			sick := name(kind, fails)
			clustertest.Eventually(t, sick+" to be restarted, and its status to tell how it ended before", func() bool {
				s := status(get(t, c, ns, sick))
				return s.RestartCount > 0 && s.LastTerminationState.Terminated != nil
			})
			awaitEvents(t, c, ns, sick, "Unhealthy", fails+" probe failed: ", reasons[kind])
			awaitEvents(t, c, ns, sick, "Killing", "Container c failed "+strings.ToLower(fails)+" probe, will be restarted")
		}
		awaitEvents(t, c, ns, name(kind, readiness), "Unhealthy", readiness+" probe failed: ", reasons[kind])
		for _, fails := range []string{nothing, readiness} {
			if n := status(get(t, c, ns, name(kind, fails))).RestartCount; n != 0 {
				t.Errorf("%s was restarted %d times", name(kind, fails), n)
			}
		}
		if isReady(get(t, c, ns, name(kind, readiness))) || isReady(get(t, c, ns, name(kind, startup))) {
			t.Errorf("a Pod is ready whose %s probe fails", kind)
		}
	}
	clustertest.Eventually(t, "the Pods of failing readiness probes to be no endpoints, and those of none to be", func() bool {
		slices, err := c.Kubernetes().DiscoveryV1().EndpointSlices(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=probed"})
		if err != nil {
			return false
		}
		ready := map[string]bool{}
		for _, s := range slices.Items {
			for _, e := range s.Endpoints {
				ready[e.TargetRef.Name] = *e.Conditions.Ready
			}
		}
		balanced := traffic(t, c, ns, "probed", "")
		for kind := range handlers {
			for fails, want := range map[string]bool{nothing: true, readiness: false, startup: false} {
				if _, in := balanced[name(kind, fails)]; ready[name(kind, fails)] != want || in != want {
					return false
				}
			}
		}
		return true
	})
}

// A liveness probe that fails as often as its threshold says: that many events, one restart, and nothing more where it is
// answered from then on.
func TestProbeThreshold(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: Pod
metadata: {name: twice}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "echo x >> /lives/all; sleep infinity"]
    livenessProbe: {exec: {command: [sh, -c, "test $(wc -l < /lives/all) -gt 1"]}, periodSeconds: 1, failureThreshold: 3, timeoutSeconds: 60}
    volumeMounts: [{name: lives, mountPath: /lives}]
  volumes: [{name: lives, emptyDir: {}}]
`)
	count := func(reason string) string {
		return c.Kubectl(t, "get", "events", "-n", ns, "--field-selector", "involvedObject.name=twice,reason="+reason, "-o", "jsonpath={range .items[*]}{.count}{end}")
	}
	clustertest.Eventually(t, "three failures, one restart, and a container that was started twice", func() bool {
		s := status(get(t, c, ns, "twice"))
		return s.RestartCount == 1 && s.State.Running != nil && count("Unhealthy") == "3" && count("Killing") == "1" && count("Started") == "2"
	})
	if lives := c.Kubectl(t, "exec", "-n", ns, "twice", "--", "cat", "/lives/all"); lives != "x\nx\n" {
		t.Errorf("it has lived %q", lives)
	}
	if end := status(get(t, c, ns, "twice")).LastTerminationState.Terminated; end == nil || end.ExitCode != 143 && end.ExitCode != 137 {
		t.Errorf("it ended before as %+v", end)
	}
}

// reasons are what the kubelet says of a failing probe.
var reasons = map[string]string{
	"http": "HTTP probe failed with statuscode: 500",
	"tcp":  "connection refused",
	"grpc": "health rpc probe failed",
	"exec": "probe failed: ",
}
