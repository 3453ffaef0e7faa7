// Package tour is what a newcomer is shown: ten steps that the user does with the real keys on the real cluster.
//
// The tour watches and never acts. A step is done when the cluster, or the screen, has become what the step is about,
// however the user got there: by the keys that it names, by others, or by kubectl in another terminal.
package tour

import (
	"slices"
	"strings"
)

// Place is what kind of screen the user is on, as far as the tour cares.
type Place string

// The places that steps lead to.
const (
	Elsewhere Place = ""
	Rollout   Place = "rollout"
	Logs      Place = "logs"
	Shell     Place = "shell"
	EtcdKey   Place = "etcd key"
	Changes   Place = "changes"
	Help      Place = "help"
)

// Deployment is what the tour looks at of one: all text as kubectl prints it.
type Deployment struct {
	UID, Name string
	// Ready is "2/3".
	Ready  string
	Images string
}

// Facts are what the tour goes by.
type Facts struct {
	Place Place
	// Deployments are those of all namespaces; Known says that they have been listed.
	Deployments []Deployment
	Known       bool
}

// Step is one thing to do.
type Step struct {
	// Do says what to do. {Section:action} stands for the key of an action.
	Do string
	// Why is what is to be seen by it, for screens that are wide enough.
	Why string
	// done says whether it is done, given the facts now and when the step began.
	done func(t *Tour, now Facts) bool
}

// Steps are all of them, in order.
func Steps() []Step {
	return []Step{
		{"type :demo hello, then {Manifest:apply} and y", "deploys an application; every change is shown as a diff first", (*Tour).deployed},
		{"type :deploy, then {Tables:scale} on hello: 4 replicas", "the preview says where the new Pods would go", (*Tour).scaled},
		{"{Tables:image} on hello: set the image nginx:1.27", "a rollout begins: new Pods take over from the old", (*Tour).imageSet},
		{"enter on hello shows its rollout", "its revisions, what each changed, and how far it is", at(Rollout)},
		{"j to revision 1, then {Rollout:undo}: the rollout goes back", "the diff beside a revision is what undo would change", (*Tour).imageBack},
		{"type :pods, then {Tables:logs} on a Pod of hello", "its logs, live; on a Deployment those of all its Pods", at(Logs)},
		{"esc, then {Tables:shell} on the Pod: a shell in it", "exit ends it; try wget -qO- http://hello", at(Shell)},
		{"exit, esc, then {Tables:etcd} on the Pod: its etcd key", "the value decoded, and each revision of it as it is written", at(EtcdKey)},
		{"{Everywhere:done} lists what you have changed", "each as a diff and as a kubectl command; {Everywhere:undo} takes the last one back", at(Changes)},
		{"{Everywhere:help} lists the keys of any screen", "and :keys, :ctx, :workloads, :rollouts are waiting", at(Help)},
	}
}

// Tour is a tour under way. It belongs to one goroutine.
type Tour struct {
	steps []Step
	at    int
	began Facts               // when the step began
	seen  map[string][]string // the images that each Deployment has had, the newest last
	fresh bool                // the step has begun and has no facts yet
}

// New begins at the first step.
func New() *Tour { return &Tour{steps: Steps(), seen: map[string][]string{}, fresh: true} }

// Step is the step to be done, and its number from 1; false when all are done.
func (t *Tour) Step() (Step, int, bool) {
	if t.at >= len(t.steps) {
		return Step{}, len(t.steps), false
	}
	return t.steps[t.at], t.at + 1, true
}

// Len is how many steps there are.
func (t *Tour) Len() int { return len(t.steps) }

// Skip goes on to the next step.
func (t *Tour) Skip() { t.next() }

// See looks whether the step is done, and goes on to the next one if it is.
func (t *Tour) See(now Facts) (advanced bool) {
	if t.at >= len(t.steps) || !now.Known {
		return false
	}
	for _, d := range now.Deployments {
		if all := t.seen[d.UID]; len(all) == 0 || all[len(all)-1] != d.Images {
			t.seen[d.UID] = append(all, d.Images)
		}
	}
	if t.fresh {
		t.fresh, t.began = false, now
	}
	if !t.steps[t.at].done(t, now) {
		return false
	}
	t.next()
	return true
}

func (t *Tour) next() { t.at, t.fresh = t.at+1, true }

func at(p Place) func(*Tour, Facts) bool {
	return func(_ *Tour, now Facts) bool { return now.Place == p }
}

// before is a Deployment as it was when the step began.
func (t *Tour) before(uid string) (Deployment, bool) {
	i := slices.IndexFunc(t.began.Deployments, func(d Deployment) bool { return d.UID == uid })
	if i < 0 {
		return Deployment{}, false
	}
	return t.began.Deployments[i], true
}

func (t *Tour) deployed(now Facts) bool {
	return slices.ContainsFunc(now.Deployments, func(d Deployment) bool {
		_, was := t.before(d.UID)
		return !was || d.Name == "hello" // it may be there from the last time
	})
}

func (t *Tour) scaled(now Facts) bool {
	return slices.ContainsFunc(now.Deployments, func(d Deployment) bool {
		was, ok := t.before(d.UID)
		return ok && wanted(was.Ready) != wanted(d.Ready)
	})
}

// wanted is the second number of "2/3".
func wanted(ready string) string {
	_, n, _ := strings.Cut(ready, "/")
	return n
}

func (t *Tour) imageSet(now Facts) bool {
	return slices.ContainsFunc(now.Deployments, func(d Deployment) bool {
		was, ok := t.before(d.UID)
		return ok && was.Images != d.Images
	})
}

// imageBack says that a Deployment has images again that it had before those at the step's beginning.
func (t *Tour) imageBack(now Facts) bool {
	return slices.ContainsFunc(now.Deployments, func(d Deployment) bool {
		was, ok := t.before(d.UID)
		all := t.seen[d.UID]
		return ok && was.Images != d.Images && slices.Contains(all[:len(all)-1], d.Images)
	})
}
