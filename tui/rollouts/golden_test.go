package rollouts

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

type fixture struct{ p *rollout.Progress }

func (f *fixture) Changed() <-chan struct{}    { return nil }
func (f *fixture) Snapshot() *rollout.Progress { return f.p }
func (f *fixture) Close()                      {}

func template(image, memory string) *corev1.PodTemplateSpec {
	t := &corev1.PodTemplateSpec{}
	t.Labels = map[string]string{"app": "web"}
	t.Spec.Containers = []corev1.Container{{Name: "web", Image: image, Env: []corev1.EnvVar{{Name: "MEMORY", Value: memory}}}}
	return t
}

func revision(n int64, image, memory, cause string, ready, replicas int32, age time.Duration, current bool) rollout.Revision {
	return rollout.Revision{
		Number: n, Name: fmt.Sprintf("web-%d", n), Created: screentest.Now.Add(-age), Images: map[string]string{"web": image}, Containers: []string{"web"},
		Cause: cause, Ready: ready, Replicas: replicas, Current: current, Template: template(image, memory),
	}
}

func rolling() *rollout.Progress {
	p := &rollout.Progress{
		Synced: true, Desired: 10, Updated: 10, Ready: 10, Available: 10, Old: 3, Strategy: "RollingUpdate", MaxSurge: 3, MaxUnavailable: 2,
		Message: `Waiting for deployment "web" rollout to finish: 3 old replicas are pending termination...`,
		Revisions: []rollout.Revision{
			revision(4, "nginx:2", "256Mi", "set image (you)", 7, 10, 14*time.Second, true),
			revision(3, "nginx:1.27", "128Mi", "apply ci@9f31", 3, 3, 2*time.Hour, false),
			revision(2, "nginx:1.26", "128Mi", "apply ci@77ab", 0, 0, 26*time.Hour, false),
			revision(1, "nginx:1.25", "128Mi", "create", 0, 0, 72*time.Hour, false),
		},
		Waiting: []rollout.Wait{{Pod: "web-4-x8", Container: "web", Reason: "Unhealthy", Message: "readiness: HTTP 503 on :80/healthz", Since: screentest.Now.Add(-9 * time.Second)}},
	}
	for i := range 10 {
		pod := rollout.Pod{
			UID: types.UID(fmt.Sprint("new", i)), Name: fmt.Sprintf("web-4-x%d", i), Node: "node-1", Created: screentest.Now.Add(-12 * time.Second),
			Revision: 4, New: true, Status: "Running", Ready: i < 7,
		}
		if i == 9 {
			pod.Status = "ContainerCreating"
		}
		p.Pods = append(p.Pods, pod)
	}
	for i := range 3 {
		p.Pods = append(p.Pods, rollout.Pod{
			UID: types.UID(fmt.Sprint("old", i)), Name: fmt.Sprintf("web-3-y%d", i), Node: "node-2", Created: screentest.Now.Add(-2 * time.Hour),
			Revision: 3, Status: "Running", Ready: true,
		})
	}
	return p
}

var web = screen.Object{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespace: "default", Name: "web"}

func TestGoldenRollout(t *testing.T) {
	h, s := screentest.New(t, nil)
	f := &fixture{rolling()}
	v := newView(s, web, f)
	screentest.AllSizes(t, h, "rolling", v)
	v.Do(actDown)
	screentest.AllSizes(t, h, "rolling-to-3", v)

	stuck := rolling()
	stuck.Stuck = true
	stuck.Waiting = []rollout.Wait{{Pod: "web-4-x9", Container: "web", Reason: "ImagePullBackOff", Message: `Back-off pulling image "nginx:2"`, Since: screentest.Now.Add(-4 * time.Minute), Fatal: true}}
	stuck.Pods[9].Status = "ImagePullBackOff"
	f.p = stuck
	v.refresh()
	screentest.AllSizes(t, h, "stuck", v)

	f.p = &rollout.Progress{}
	v.refresh()
	screentest.Sized(t, h, "reading", v, 80, 24)
}

func TestCursorHoldsARevision(t *testing.T) {
	h, s := screentest.New(t, nil)
	f := &fixture{rolling()}
	v := newView(s, web, f)
	if r, _ := v.at(); r.Number != 4 {
		t.Fatalf("begins on %d, want the current one", r.Number)
	}
	v.Do(actDown)
	next := rolling()
	next.Revisions[0].Current = false
	next.Revisions = append([]rollout.Revision{revision(5, "nginx:3", "1Gi", "", 0, 1, 0, true)}, next.Revisions...)
	f.p = next
	v.refresh()
	if r, _ := v.at(); r == nil || r.Number != 3 {
		t.Fatalf("a new revision moved the cursor to %v", r)
	}
	pruned := rolling()
	pruned.Revisions = pruned.Revisions[:1]
	f.p = pruned
	v.refresh()
	v.Do(actUndo)
	if len(h.Asked) != 0 || len(h.Said) == 0 {
		t.Errorf("undo to a pruned revision: asked %v, said %v", h.Asked, h.Said)
	}
}

func TestEstimate(t *testing.T) {
	h, s := screentest.New(t, nil)
	p := rolling()
	for i := range p.Pods {
		p.Pods[i].Ready = p.Pods[i].New && i < 2
	}
	p.Available, p.Old = 2, 0
	f := &fixture{p}
	v := newView(s, web, f)
	h.Time = screentest.Now.Add(10 * time.Second)
	f.p = rolling()
	v.refresh()
	if got := v.pace.left(v.p, h.Now()); got != 6*time.Second {
		t.Errorf("5 Pods in 10 s, 3 to come: %s, want 6s", got)
	}
}

func TestImagesStandInTheOrderOfTheTemplate(t *testing.T) {
	r := rollout.Revision{Images: map[string]string{"a-init": "busybox:1", "web": "nginx:2", "log": "fluent:3"}, Containers: []string{"web", "log", "a-init"}}
	if got, want := images(r), "nginx:2, fluent:3, busybox:1"; got != want {
		t.Errorf("images %q, want %q", got, want)
	}
}
