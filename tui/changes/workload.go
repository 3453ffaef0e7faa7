package changes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	deploymentutil "k8s.io/kubectl/pkg/util/deployment"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/placement"
	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// each makes a Planner that plans for several objects. Those with nothing to do are left out, unless all are.
func each(objects []screen.Object, f func(context.Context, *cluster.Cluster, change.Ref) (*change.Plan, error)) Planner {
	return func(ctx context.Context, c *cluster.Cluster) ([]*change.Plan, error) {
		all, errs := parallel(objects, func(o screen.Object) (*change.Plan, error) { return f(ctx, c, Ref(o)) })
		var plans []*change.Plan
		var nothing error
		for i, p := range all {
			switch {
			case errors.Is(errs[i], change.ErrNothingToDo):
				nothing = errs[i]
			case errs[i] != nil:
				return nil, errs[i]
			default:
				plans = append(plans, p)
			}
		}
		if len(plans) == 0 {
			return nil, nothing
		}
		return plans, nil
	}
}

// names are what a dialog calls some objects.
func names(objects []screen.Object) string {
	if len(objects) == 1 {
		return objects[0].Name
	}
	all := make([]string, len(objects))
	for i, o := range objects {
		all[i] = o.Name
	}
	text := strings.Join(all, ", ")
	if len(all) > 5 {
		text = fmt.Sprintf("%s and %d more", strings.Join(all[:5], ", "), len(all)-5)
	}
	return text
}

// Scale asks for a number of replicas and proposes it. now is how many are wanted at present, -1 where that is not known.
func Scale(s *screen.Scope, objects []screen.Object, now int) {
	if now >= 0 {
		askReplicas(s, objects, now)
		return
	}
	c := s.Cluster()
	screen.Call(s, "replicas of "+objects[0].Name, planTimeout, func(ctx context.Context) (int, error) {
		return change.Replicas(ctx, c, Ref(objects[0]))
	}, func(now int, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		askReplicas(s, objects, now)
	})
}

func askReplicas(s *screen.Scope, objects []screen.Object, now int) {
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title:  "Scale " + names(objects),
		Fields: []dialog.Field{{Label: "replicas", Value: strconv.Itoa(now), Number: true, Check: checkReplicas}},
		Accept: "Preview",
		Then: func(values []string) {
			n, err := strconv.ParseInt(strings.TrimSpace(values[0]), 10, 32)
			if err != nil {
				return // the form has checked it
			}
			Propose(s, "scale "+names(objects), each(objects, func(ctx context.Context, c *cluster.Cluster, r change.Ref) (*change.Plan, error) {
				p, err := rollout.Scale(ctx, c, r, int32(n))
				if err != nil {
					return nil, err
				}
				lines, err := placement.Lines(ctx, c, p.Ref, int(n))
				if err != nil {
					lines = []string{"what it comes to is not known: " + err.Error()}
				}
				return p.WithEffects(lines...), nil
			}))
		},
	}))
}

func checkReplicas(v string) error {
	n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 32)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("that is out of range: give a whole number from 0 to %d", math.MaxInt32)
	case err != nil || n < 0:
		return errors.New("give a whole number, 0 or more")
	}
	return nil
}

// container is one container's image, and those that it had before, the newest first.
type container struct {
	name, image string
	before      []string
	// mixed says that several objects have several images for it.
	mixed bool
}

// SetImage reads the images of the containers of some objects, asks for others, and proposes those that differ. A container that
// several have by one name is asked for once.
func SetImage(s *screen.Scope, objects []screen.Object) {
	c := s.Cluster()
	screen.Call(s, "images of "+names(objects), planTimeout, func(ctx context.Context) ([]container, error) {
		var all []container
		for _, o := range objects {
			list, err := containersOf(ctx, c, o)
			if err != nil {
				return nil, err
			}
			all = join(all, list)
		}
		return all, nil
	}, func(list []container, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		askImages(s, objects, list)
	})
}

// containersOf are the containers of one object, with the images that they had before.
func containersOf(ctx context.Context, c *cluster.Cluster, o screen.Object) ([]container, error) {
	u, err := change.Get(ctx, c, Ref(o))
	if err != nil {
		return nil, err
	}
	list, err := containers(u)
	if err != nil {
		return nil, err
	}
	past, _ := rollout.History(ctx, c, Ref(o)) // what has none offers nothing
	for i := range list {
		for _, r := range past {
			list[i].offer(r.Images[list[i].name])
		}
	}
	return list, nil
}

// offer adds an image that the container had.
func (c *container) offer(image string) {
	if image != "" && image != c.image && !slices.Contains(c.before, image) {
		c.before = append(c.before, image)
	}
}

// join puts containers of one name together: of several images the first stands in the field, and the others are offered.
func join(all, more []container) []container {
	for _, m := range more {
		i := slices.IndexFunc(all, func(c container) bool { return c.name == m.name })
		if i < 0 {
			all = append(all, m)
			continue
		}
		all[i].mixed = all[i].mixed || all[i].image != m.image
		for _, image := range append([]string{m.image}, m.before...) {
			all[i].offer(image)
		}
	}
	return all
}

func askImages(s *screen.Scope, objects []screen.Object, list []container) {
	f := dialog.Form{Title: "Image of " + names(objects), Accept: "Preview"}
	for _, c := range list {
		f.Fields = append(f.Fields, dialog.Field{Label: c.name, Value: c.image, Offers: c.before, Check: func(v string) error {
			if strings.TrimSpace(v) == "" {
				return errors.New("give an image")
			}
			return nil
		}})
		if c.mixed {
			f.Note = "What is marked has several images for one container: the one that stands here becomes that of all of them."
		}
	}
	f.Then = func(values []string) {
		images := map[string]string{}
		for i, v := range values {
			if v = strings.TrimSpace(v); v != list[i].image || list[i].mixed {
				images[list[i].name] = v
			}
		}
		Propose(s, "set image of "+names(objects), each(objects, func(ctx context.Context, c *cluster.Cluster, r change.Ref) (*change.Plan, error) {
			own, err := ownImages(ctx, c, r, images)
			if err != nil {
				return nil, err
			}
			return rollout.SetImage(ctx, c, r, own)
		}))
	}
	s.Ask(dialog.NewForm(s, f))
}

// ownImages are those of the images that an object has containers for.
func ownImages(ctx context.Context, c *cluster.Cluster, r change.Ref, images map[string]string) (map[string]string, error) {
	u, err := change.Get(ctx, c, r)
	if err != nil {
		return nil, err
	}
	list, err := containers(u)
	if err != nil {
		return nil, err
	}
	own := map[string]string{}
	for _, c := range list {
		if image, ok := images[c.name]; ok {
			own[c.name] = image
		}
	}
	if len(own) == 0 {
		return nil, change.ErrNothingToDo
	}
	return own, nil
}

func containers(u *unstructured.Unstructured) ([]container, error) {
	var out []container
	for _, spec := range [][]string{{"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}, {"spec"}} {
		for _, list := range []string{"initContainers", "containers"} {
			items, _, err := unstructured.NestedSlice(u.Object, append(append([]string{}, spec...), list)...)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", u.GetName(), err)
			}
			for _, i := range items {
				m, _ := i.(map[string]any)
				name, _ := m["name"].(string)
				image, _ := m["image"].(string)
				out = append(out, container{name: name, image: image})
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, fmt.Errorf("%s has no containers", u.GetName())
}

// Restart proposes to replace the Pods of workloads.
func Restart(s *screen.Scope, objects []screen.Object) {
	Propose(s, "restart "+names(objects), each(objects, func(ctx context.Context, c *cluster.Cluster, r change.Ref) (*change.Plan, error) {
		return rollout.Restart(ctx, c, r)
	}))
}

// TogglePause proposes to pause a Deployment's rollout, or to resume it where it is paused.
func TogglePause(s *screen.Scope, o screen.Object) {
	Propose(s, "pause or resume "+o.Name, One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
		p, err := rollout.Pause(ctx, c, Ref(o))
		if errors.Is(err, change.ErrNothingToDo) {
			return rollout.Resume(ctx, c, Ref(o))
		}
		return p, err
	}))
}

// UndoRollout proposes to go back to a revision.
func UndoRollout(s *screen.Scope, o screen.Object, revision int64) {
	Propose(s, fmt.Sprintf("undo %s to revision %d", o.Name, revision), One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
		return rollout.Undo(ctx, c, Ref(o), revision)
	}))
}

// RollBackTo proposes to take a Deployment back to the revision of one of its ReplicaSets.
func RollBackTo(s *screen.Scope, o screen.Object) {
	Propose(s, "roll back to "+o.Name, One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
		u, err := change.Get(ctx, c, Ref(o))
		if err != nil {
			return nil, err
		}
		owner := metav1.GetControllerOf(u)
		revision, err := strconv.ParseInt(u.GetAnnotations()[deploymentutil.RevisionAnnotation], 10, 64)
		if owner == nil || owner.Kind != "Deployment" || err != nil {
			return nil, fmt.Errorf("%s is no revision of a Deployment", o.Name)
		}
		return rollout.Undo(ctx, c, change.Ref{
			Resource: o.Resource.GroupVersion().WithResource("deployments"), Kind: owner.Kind, Namespace: o.Namespace, Name: owner.Name, UID: owner.UID,
		}, revision)
	}))
}

// UndoRollouts proposes to take workloads back to the revision before.
func UndoRollouts(s *screen.Scope, objects []screen.Object) {
	Propose(s, "undo the rollout of "+names(objects), each(objects, func(ctx context.Context, c *cluster.Cluster, r change.Ref) (*change.Plan, error) {
		return rollout.Undo(ctx, c, r, 0)
	}))
}

// Pause proposes to pause the rollouts of Deployments, or to resume them.
func Pause(s *screen.Scope, objects []screen.Object, on bool) {
	what, plan := "resume ", rollout.Resume
	if on {
		what, plan = "pause ", rollout.Pause
	}
	Propose(s, what+names(objects), each(objects, plan))
}
