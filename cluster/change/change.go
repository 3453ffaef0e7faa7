// Package change is the one door through which this program changes a cluster.
//
// Every change is a Plan first: what is to be done, to which object by UID, seen at which resourceVersion, as a diff.
// Making a plan sends the change to the server as a dry run where that can be done, so that what admission refuses, changes or
// warns of shows in the preview. Door.Apply sends it, and guarantees:
//
//   - Nothing is overwritten. Every request carries the object's UID and a resourceVersion. Where the object changed
//     after the plan was made in a way that matters (its spec, its data, a label that the plan sets), Apply
//     returns a *Conflict; where only its status or unrelated metadata changed, which a rollout does all the time, the same
//     change is put on the newer version.
//   - Read-only clusters are never written to, not even by a dry run. That is checked where changes leave, in send and operate.
//   - What was done is recorded, and Door.Undo plans the way back: to be previewed and applied like any other.
package change

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

var (
	// ErrReadOnly is returned when the cluster is opened read-only.
	ErrReadOnly = errors.New("read-only: this cluster is opened for looking only")
	// ErrConflict is returned when the object changed, or was replaced or deleted, since it was looked at.
	// The error is a *Conflict where the object still exists.
	ErrConflict = errors.New("changed by someone else")
	// ErrNothingToDo is returned when the object is already as the plan would make it.
	ErrNothingToDo = errors.New("nothing to do")
	// ErrCannotUndo is returned by Undo for what cannot be taken back: an eviction, a restarted Pod.
	ErrCannotUndo = errors.New("cannot be undone")
)

// Ref names one object. UID and ResourceVersion are what the user saw; empty ones are taken from the live object.
type Ref struct {
	Resource        schema.GroupVersionResource
	Kind            string
	Namespace, Name string
	UID             types.UID
	ResourceVersion string
}

// String is the object as kubectl prints it, such as deployment.apps/web.
func (r Ref) String() string { return r.kubectlName() }

// Line is a line of a diff.
type Line struct {
	// Op is ' ' for context, '+' for what comes and '-' for what goes; '@' begins a new place, and Text is empty.
	Op   byte
	Text string
}

// Plan is a change that has not been made. Plans are immutable.
type Plan struct {
	// Verb is create, update, delete, scale or evict, or what an Operation calls it.
	Verb string
	// Summary says in one line what will be done: "set image of deployment.apps/web: app nginx:1 -> nginx:2".
	Summary string
	// Command is the equal kubectl command, for an Operation one of podarium; empty where there is none.
	Command string
	Ref     Ref
	// Before is nil for a create, After is nil for a delete. For a scale both are Scale objects.
	// After is what the server's dry run answered, defaults and admission included.
	Before, After *unstructured.Unstructured
	// Warnings are the server's, and ours about what a user may not expect.
	Warnings []string
	// Effects are what follows from the change by itself, for people: what goes with a deleted object, where new Pods would run.
	Effects []string

	request request
}

// Final says that the change, once made, can never be taken back: an eviction, a debug container.
func (p *Plan) Final() bool {
	return p.Verb == "evict" || p.Verb == "update" && p.request.subresource != ""
}

// WithEffects is the plan with more Effects.
func (p *Plan) WithEffects(lines ...string) *Plan {
	q := *p
	q.Effects = append(slices.Clone(p.Effects), lines...)
	return &q
}

// Together marks plans as one change of the user's, such as that of all marked objects: With finds those that were made of it.
func Together(plans ...*Plan) {
	one := new(int)
	for _, p := range plans {
		p.request.together = one
	}
}

// Record is a change that was made.
type Record struct {
	// ID counts from 1 in the order of Apply.
	ID   int
	Time time.Time
	Plan *Plan
	// Result is the object as the server returned it; nil for a delete.
	Result *unstructured.Unstructured
	// Undid is the ID of the record that this one took back, 0 for none; UndoneBy the other way round.
	Undid, UndoneBy int
}

// Conflict says what someone else changed. It is an ErrConflict.
type Conflict struct {
	Ref Ref
	// Live is the object as it is now.
	Live *unstructured.Unstructured
	// Changed are the fields that differ from what the plan was made on.
	Changed []string
	// By is the field manager that wrote last, where the server knows.
	By string
}

// Error names the object, the fields and the writer.
func (c *Conflict) Error() string {
	by := ""
	if c.By != "" {
		by = " by " + c.By
	}
	return fmt.Sprintf("%s was changed%s since you looked (%s): look again and repeat", c.Ref, by, joinFields(c.Changed))
}

// Unwrap makes errors.Is(err, ErrConflict) true.
func (c *Conflict) Unwrap() error { return ErrConflict }
