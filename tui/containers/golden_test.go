package containers

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func running(name, image string, ready bool, restarts int32) (corev1.Container, corev1.ContainerStatus) {
	return corev1.Container{Name: name, Image: image, Ports: []corev1.ContainerPort{{ContainerPort: 80, Protocol: corev1.ProtocolTCP}}}, corev1.ContainerStatus{
		Name: name, Ready: ready, RestartCount: restarts,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(screentest.Now.Add(-time.Minute))}},
	}
}

func TestGoldenContainers(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := &view{scope: s, object: screen.Object{Kind: "Pod", Namespace: "default", Name: "web-0"}}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web-0", UID: "u"}}
	p.Spec.NodeName, p.Status.PodIP = "node-2", "10.244.2.7"
	for _, c := range []struct {
		name     string
		ready    bool
		restarts int32
	}{{"web", true, 0}, {"side", false, 3}} {
		spec, status := running(c.name, "registry.example.com/shop/"+c.name+":v1", c.ready, c.restarts)
		p.Spec.Containers, p.Status.ContainerStatuses = append(p.Spec.Containers, spec), append(p.Status.ContainerStatuses, status)
	}
	v.show(p)
	screentest.Sized(t, h, "plain", v, 80, 24) // where nobody tells of sandboxes

	v.sandbox = &cluster.Sandbox{
		Namespace: "default", Pod: "web-0", UID: "u", ID: strings.Repeat("0123456789ab", 5), Ready: true, Network: "pod", Address: "10.244.2.7",
		Created:    screentest.Now.Add(-2 * time.Minute),
		Containers: []cluster.SandboxContainer{{Name: "web", State: "running"}, {Name: "side", State: "exited"}, {Name: "side", State: "running"}},
	}
	screentest.AllSizes(t, h, "sandbox", v)
	v.Click(5, v.above()+2)
	if v.cursor != "side" {
		t.Errorf("a click on the second container chose %q", v.cursor)
	}
	v.sandbox.Network, v.sandbox.Address = "node", "172.18.0.3"
	screentest.Sized(t, h, "host-network", v, 80, 24)
}
