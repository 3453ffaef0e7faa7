package operate

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/podarium/podarium/etcdview"
)

// Operation is one change to an etcd cluster, its members or its leases, planned: what it needs has been checked, what
// it does can be shown, and nothing has been done yet.
type Operation struct {
	// Name is what is done, as the command says it: "member remove".
	Name string `json:"name"`
	// Target is what it is done to, as people name it: a member, a lease, a revision. Empty for the whole cluster.
	Target string `json:"target,omitempty"`
	// Preview says line by line what will happen, warnings too.
	Preview []string `json:"preview"`
	// Confirm is what a person must type to have it done, in proportion to what can be lost: nothing, "yes", or the name of
	// what is acted on.
	Confirm string `json:"confirm,omitempty"`
	// Deletes are the keys that go with it, with their values. They are written to the undo file first.
	Deletes []etcdview.KV `json:"-"`
	// Undoes says that it writes an undo file though Deletes has not all that go with it.
	Undoes bool `json:"-"`

	purge func(ctx context.Context, undoFile string, report func(line string)) (result string, err error)
	do    func(ctx context.Context, report func(line string)) (result string, err error)
}

// Do does it, after writing what it deletes, if anything, to an undo file, which must not exist yet. Report, if not nil,
// is told of each step of those that take several. The result says in a line what was done.
func (o *Operation) Do(ctx context.Context, undoFile string, report func(line string)) (result string, err error) {
	if len(o.Deletes) > 0 {
		p := &Plan{}
		for i := range o.Deletes {
			p.Changes = append(p.Changes, Change{Key: o.Deletes[i].Key, Old: &o.Deletes[i]})
		}
		if err := writeUndo(p, undoFile); err != nil {
			return "", fmt.Errorf("nothing was changed: the undo file cannot be written: %w", err)
		}
	}
	if report == nil {
		report = func(string) {}
	}
	if o.purge != nil {
		return o.purge(ctx, undoFile, report)
	}
	return o.do(ctx, report)
}

// member finds a member of an overview by its ID in hexadecimal or its name.
func member(o *etcdview.Overview, which string) (*etcdview.Member, uint64, error) {
	var found *etcdview.Member
	for i := range o.Members {
		m := &o.Members[i]
		if m.ID == strings.TrimPrefix(which, "0x") {
			found = m
			break
		}
		if m.Name == which && which != "" {
			if found != nil {
				return nil, 0, fmt.Errorf("%w: two members are called %s: give the ID", ErrRefused, which)
			}
			found = m
		}
	}
	if found == nil {
		var have []string
		for _, m := range o.Members {
			have = append(have, title(&m))
		}
		return nil, 0, fmt.Errorf("there is no member %s: there are %s", which, strings.Join(have, ", "))
	}
	id, err := strconv.ParseUint(found.ID, 16, 64)
	return found, id, err
}

// title is how a member is called: one that has not started yet has no name.
func title(m *etcdview.Member) string {
	if m.Name == "" {
		return m.ID
	}
	return m.Name
}

// count says how many there are of something.
func count[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// second is the error of an answer that says nothing else of interest.
func second[T any](_ T, err error) error { return err }
