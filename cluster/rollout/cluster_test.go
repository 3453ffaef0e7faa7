package rollout

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// world is a namespace of a real cluster, and the door to it.
type world struct {
	*testing.T
	c    *clustertest.Cluster
	door *change.Door
	ns   string
}

func newWorld(t *testing.T) *world {
	c, ns := clustertest.Shared(t)
	return &world{T: t, c: c, door: change.NewDoor(c.Cluster), ns: ns}
}

func (w *world) ref(resource, kind, name string) change.Ref {
	return change.Ref{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}, Kind: kind, Namespace: w.ns, Name: name}
}

func podTemplate(image string) corev1.PodTemplateSpec {
	var t corev1.PodTemplateSpec
	t.Labels = map[string]string{"app": "web"}
	t.Spec.Containers = []corev1.Container{{Name: "app", Image: image}, {Name: "side", Image: "side:1"}}
	zero := int64(0)
	t.Spec.TerminationGracePeriodSeconds = &zero
	return t
}

func (w *world) deploy(name, image string, replicas int32, change ...func(*appsv1.Deployment)) change.Ref {
	w.Helper()
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{CauseAnnotation: "created", "keep": "me"}}}
	d.Spec.Replicas, d.Spec.Template = &replicas, podTemplate(image)
	d.Spec.Template.Labels["name"] = name
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"name": name}}
	for _, f := range change {
		f(d)
	}
	if _, err := w.c.Kubernetes().AppsV1().Deployments(w.ns).Create(w.Context(), d, metav1.CreateOptions{}); err != nil {
		w.Fatal(err)
	}
	return w.ref("deployments", "Deployment", name)
}

func (w *world) deployment(name string) *appsv1.Deployment {
	w.Helper()
	d, err := w.c.Kubernetes().AppsV1().Deployments(w.ns).Get(w.Context(), name, metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// apply takes what a plan function returns, applies the plan and returns the record.
func (w *world) apply(p *change.Plan, err error) *change.Record {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	r, err := w.door.Apply(w.Context(), p)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// until waits for a state of the rollout and returns it.
func (w *world) until(l *Live, what string, ok func(*Progress) bool) *Progress {
	w.Helper()
	limit := time.After(time.Minute)
	for {
		p := l.Snapshot()
		if ok(p) {
			return p
		}
		select {
		case <-l.Changed():
		case <-limit:
			w.Fatalf("waited a minute for %s; now: %q done %v stuck %v synced %v err %v waiting %+v pods %+v", what, p.Message, p.Done, p.Stuck, p.Synced, p.Err, p.Waiting, p.Pods)
		}
	}
}

func done(p *Progress) bool { return p.Synced && p.Done && p.Old == 0 }

func current(p *Progress) Revision {
	for _, r := range p.Revisions {
		if r.Current {
			return r
		}
	}
	return Revision{}
}

func (w *world) watch(ref change.Ref) *Live {
	l := Watch(w.Context(), w.c.Cluster, ref)
	w.Cleanup(l.Close)
	return l
}

func TestScaleSetImageAndUndo(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.c.Cluster
	ref := w.deploy("web", "nginx:1", 3)
	live := w.watch(ref)
	w.until(live, "3 replicas", func(p *Progress) bool { return done(p) && p.Ready == 3 })

	p, err := Scale(ctx, c, ref, 5)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Diff()); !strings.Contains(got, "replicas: 3") || !strings.Contains(got, "replicas: 5") {
		t.Errorf("diff: %s", got)
	}
	if w.deployment("web").Status.Replicas != 3 || *w.deployment("web").Spec.Replicas != 3 {
		t.Error("a plan must not change anything")
	}
	scaled := w.apply(p, nil)
	w.until(live, "5 replicas", func(p *Progress) bool { return done(p) && p.Ready == 5 })
	if _, err := Scale(ctx, c, ref, 5); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("scale to what it is: %v", err)
	}
	if _, err := Scale(ctx, c, ref, -1); err == nil {
		t.Error("scale to -1 must be refused")
	}

	set := w.apply(SetImage(ctx, c, ref, map[string]string{"app": "nginx:2"}))
	if got, want := set.Plan.Summary, "set image of deployment.apps/web: app nginx:1 -> nginx:2"; got != want {
		t.Errorf("summary %q", got)
	}
	now := w.until(live, "nginx:2", func(p *Progress) bool { return done(p) && current(p).Images["app"] == "nginx:2" })
	if r := current(now); r.Number != 2 || r.Replicas != 5 || r.Ready != 5 || len(now.Revisions) != 2 || now.Revisions[1].Images["app"] != "nginx:1" {
		t.Errorf("revisions: %+v", now.Revisions)
	}
	if _, err := SetImage(ctx, c, ref, map[string]string{"app": "nginx:2"}); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("the same image: %v", err)
	}
	if _, err := SetImage(ctx, c, ref, map[string]string{"nobody": "nginx:2"}); err == nil || !strings.Contains(err.Error(), `no container named "nobody"`) {
		t.Errorf("no such container: %v", err)
	}
	if _, err := Undo(ctx, c, ref, 2); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("undo to the current revision: %v", err)
	}
	if _, err := Undo(ctx, c, ref, 77); !errors.Is(err, ErrNoSuchRevision) {
		t.Errorf("undo to no revision: %v", err)
	}

	undone := w.apply(Undo(ctx, c, ref, 0))
	w.until(live, "nginx:1 again", func(p *Progress) bool {
		return done(p) && current(p).Images["app"] == "nginx:1" && current(p).Number == 3
	})
	d := w.deployment("web")
	if d.Annotations["keep"] != "me" || d.Annotations[CauseAnnotation] != "created" || d.Spec.Template.Labels[appsv1.DefaultDeploymentUniqueLabelKey] != "" {
		t.Errorf("after the undo: annotations %v, template labels %v", d.Annotations, d.Spec.Template.Labels)
	}

	// The undo is undone, then the scale, which is two changes back: what came between stays.
	w.apply(w.door.Undo(ctx, undone))
	w.until(live, "nginx:2 again", func(p *Progress) bool { return done(p) && current(p).Images["app"] == "nginx:2" })
	w.apply(w.door.Undo(ctx, scaled))
	w.until(live, "3 replicas again", func(p *Progress) bool { return done(p) && p.Ready == 3 && current(p).Images["app"] == "nginx:2" })
	records := w.door.Records()
	if len(records) != 5 || records[4].Undid != scaled.ID || records[scaled.ID-1].UndoneBy != 5 {
		t.Errorf("records: %+v", records)
	}
	if _, err := w.door.Undo(ctx, scaled); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("undone twice: %v", err)
	}
}

// TestUndoIsKubectls rolls two equal Deployments back, one by kubectl and one by us, and compares.
func TestUndoIsKubectls(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"theirs", "ours"} {
		ref := w.deploy(name, "nginx:1", 1)
		live := w.watch(ref)
		w.until(live, "revision 1", done)
		for i, image := range []string{"nginx:2", "nginx:3"} {
			w.c.Kubectl(t, "-n", w.ns, "set", "image", "deployment/"+name, "app="+image)
			w.c.Kubectl(t, "-n", w.ns, "annotate", "deployment/"+name, "--overwrite", CauseAnnotation+"="+image, "only-since="+image)
			w.until(live, image, func(p *Progress) bool {
				return done(p) && current(p).Number == int64(i+2) && current(p).Cause == image
			})
		}
	}
	w.c.Kubectl(t, "-n", w.ns, "rollout", "undo", "deployment/theirs", "--to-revision=1")
	w.apply(Undo(t.Context(), w.c.Cluster, w.ref("deployments", "Deployment", "ours"), 1))
	for _, name := range []string{"theirs", "ours"} {
		w.until(w.watch(w.ref("deployments", "Deployment", name)), "revision 4", func(p *Progress) bool {
			return done(p) && current(p).Number == 4
		})
	}
	theirs, ours := w.deployment("theirs"), w.deployment("ours")
	if !maps.Equal(theirs.Annotations, ours.Annotations) {
		t.Errorf("annotations: kubectl leaves %v, we leave %v", theirs.Annotations, ours.Annotations)
	}
	ours.Spec.Template.Labels["name"] = "theirs"
	if d := DiffTemplates(&theirs.Spec.Template, &ours.Spec.Template); d != nil {
		t.Errorf("templates: %v", d)
	}
}

func TestStuckRolloutIsExplainedAndUndone(t *testing.T) {
	w := newWorld(t)
	ref := w.deploy("web", "nginx:1", 3)
	live := w.watch(ref)
	w.until(live, "the start", done)
	w.apply(SetImage(t.Context(), w.c.Cluster, ref, map[string]string{"app": "nginx:broken"}))
	stuck := w.until(live, "the rollout to be stuck", func(p *Progress) bool { return p.Stuck })
	if len(stuck.Waiting) == 0 || !strings.Contains("ErrImagePull ImagePullBackOff", stuck.Waiting[0].Reason) || stuck.Waiting[0].Container != "app" || !stuck.Waiting[0].Fatal {
		t.Errorf("waiting: %+v", stuck.Waiting)
	}
	if !strings.Contains(stuck.Waiting[0].Message, "nginx:broken") || stuck.Ready < 2 || stuck.Done {
		t.Errorf("stuck: %q, ready %d", stuck.Waiting[0].Message, stuck.Ready)
	}
	w.apply(Undo(t.Context(), w.c.Cluster, ref, 0))
	p := w.until(live, "the way back", func(p *Progress) bool { return done(p) && current(p).Images["app"] == "nginx:1" })
	if p.Stuck || len(p.Waiting) != 0 || p.Ready != 3 {
		t.Errorf("after the undo: %+v", p)
	}
}

func TestPausedIsRefused(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.c.Cluster
	ref := w.deploy("web", "nginx:1", 1)
	live := w.watch(ref)
	w.until(live, "the start", done)
	w.apply(SetImage(ctx, c, ref, map[string]string{"app": "nginx:2"}))
	w.until(live, "nginx:2", func(p *Progress) bool { return done(p) && current(p).Number == 2 })
	if _, err := Resume(ctx, c, ref); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("resume what runs: %v", err)
	}
	w.apply(Pause(ctx, c, ref))
	if _, err := Pause(ctx, c, ref); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("pause what is paused: %v", err)
	}
	if _, err := Undo(ctx, c, ref, 1); !errors.Is(err, ErrPaused) || !strings.Contains(err.Error(), "resume it first") {
		t.Errorf("undo while paused: %v", err)
	}
	if _, err := Restart(ctx, c, ref); !errors.Is(err, ErrPaused) {
		t.Errorf("restart while paused: %v", err)
	}
	p, err := SetImage(ctx, c, ref, map[string]string{"side": "side:2"})
	if err != nil || !slices.ContainsFunc(p.Warnings, func(s string) bool { return strings.Contains(s, "paused") }) {
		t.Errorf("set image while paused: %v, %+v", err, p)
	}
	w.apply(Resume(ctx, c, ref))
	w.apply(Restart(ctx, c, ref))
	w.until(live, "the restart", func(p *Progress) bool {
		r := current(p)
		return done(p) && r.Number == 3 && r.Template.Annotations[restartedAt] != ""
	})
	sts := w.ref("statefulsets", "StatefulSet", "none")
	if _, err := Pause(ctx, c, sts); !errors.Is(err, ErrUnsupported) {
		t.Errorf("pause a StatefulSet: %v", err)
	}
}

func TestConflictIsShownAndNothingOverwritten(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	ref := w.deploy("web", "nginx:1", 1)
	live := w.watch(ref)
	w.until(live, "the start", done)
	plan := func(image string) *change.Plan {
		t.Helper()
		p, err := SetImage(ctx, w.c.Cluster, ref, map[string]string{"app": image})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}

	mine := plan("nginx:2")
	w.c.Kubectl(t, "-n", w.ns, "set", "image", "deployment/web", "app=nginx:theirs")
	_, err := w.door.Apply(ctx, mine)
	var conflict *change.Conflict
	if !errors.As(err, &conflict) || !errors.Is(err, change.ErrConflict) || !strings.Contains(err.Error(), "containers[app].image") || conflict.By != "kubectl-set" {
		t.Errorf("someone else's image: %v", err)
	}
	if got := w.deployment("web").Spec.Template.Spec.Containers[0].Image; got != "nginx:theirs" || len(w.door.Records()) != 0 {
		t.Errorf("overwritten: %s, records %v", got, w.door.Records())
	}

	w.until(live, "their image", func(p *Progress) bool { return done(p) && current(p).Number == 2 })
	mine = plan("nginx:3")
	w.c.Kubectl(t, "-n", w.ns, "annotate", "deployment/web", "note=unrelated")
	w.apply(mine, nil) // a new resourceVersion, and no conflict
	if d := w.deployment("web"); d.Annotations["note"] != "unrelated" || d.Spec.Template.Spec.Containers[0].Image != "nginx:3" {
		t.Errorf("both changes must be there: %v %v", d.Annotations, d.Spec.Template.Spec.Containers[0].Image)
	}

	gone := plan("nginx:4")
	w.c.Kubectl(t, "-n", w.ns, "delete", "deployment/web")
	w.deploy("web", "nginx:new", 1)
	if _, err := w.door.Apply(ctx, gone); !errors.Is(err, change.ErrConflict) || !strings.Contains(err.Error(), "created anew") {
		t.Errorf("another object of the same name: %v", err)
	}
	if _, err := SetImage(ctx, w.c.Cluster, gone.Ref, map[string]string{"app": "nginx:4"}); !errors.Is(err, change.ErrConflict) {
		t.Errorf("a plan on another object of the same name: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	w := newWorld(t)
	ref := w.deploy("web", "nginx:1", 1)
	c, err := cluster.New(cluster.Options{Name: "looking", Config: w.c.Config(), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Scale(t.Context(), c, ref, 4)
	if err != nil || len(p.Warnings) == 0 {
		t.Fatalf("the preview is still possible: %v %+v", err, p)
	}
	door := change.NewDoor(c)
	if _, err := door.Apply(t.Context(), p); !errors.Is(err, change.ErrReadOnly) {
		t.Errorf("got %v", err)
	}
	if *w.deployment("web").Spec.Replicas != 1 || len(door.Records()) != 0 {
		t.Error("something was changed")
	}
}

func TestStatefulSetAndDaemonSet(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.c.Cluster
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	two := int32(2)
	sts := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	sts.Spec.Replicas, sts.Spec.Selector, sts.Spec.Template, sts.Spec.ServiceName = &two, selector, podTemplate("nginx:1"), "web"
	if _, err := c.Kubernetes().AppsV1().StatefulSets(w.ns).Create(ctx, sts, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	other := clustertest.Namespace(t, w.c)
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	ds.Spec.Selector, ds.Spec.Template = selector, podTemplate("nginx:1")
	if _, err := c.Kubernetes().AppsV1().DaemonSets(other).Create(ctx, ds, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	dsRef := w.ref("daemonsets", "DaemonSet", "web")
	dsRef.Namespace = other
	for _, ref := range []change.Ref{w.ref("statefulsets", "StatefulSet", "web"), dsRef} {
		t.Run(ref.Kind, func(t *testing.T) {
			w := &world{T: t, c: w.c, door: w.door, ns: ref.Namespace}
			ctx := t.Context()
			live := w.watch(ref)
			w.until(live, "the start", func(p *Progress) bool { return done(p) && p.Ready > 0 && p.Ready == p.Desired })
			w.apply(SetImage(ctx, c, ref, map[string]string{"app": "nginx:2"}))
			p := w.until(live, "nginx:2", func(p *Progress) bool {
				return done(p) && current(p).Images["app"] == "nginx:2" && p.Ready == p.Desired
			})
			if len(p.Revisions) != 2 || current(p).Number != 2 || current(p).Replicas != p.Desired {
				t.Errorf("revisions: %+v", p.Revisions)
			}
			history, err := History(ctx, c, ref)
			if err != nil || len(history) != 2 || history[1].Images["app"] != "nginx:1" || history[1].Current || !history[0].Current {
				t.Errorf("history: %+v %v", history, err)
			}
			if _, err := Undo(ctx, c, ref, 2); !errors.Is(err, change.ErrNothingToDo) {
				t.Errorf("undo to the current: %v", err)
			}
			w.apply(Undo(ctx, c, ref, 0))
			w.until(live, "nginx:1 again", func(p *Progress) bool {
				return done(p) && current(p).Images["app"] == "nginx:1" && current(p).Number == 3 && p.Ready == p.Desired
			})
			w.apply(Restart(ctx, c, ref))
			w.until(live, "the restart", func(p *Progress) bool { return done(p) && current(p).Number == 4 && p.Ready == p.Desired })
		})
	}
}
