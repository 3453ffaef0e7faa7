// Package gate is how the UI changes an etcd: plan, show, ask in proportion, record, do. Screens call Propose; nothing
// else in the UI changes an etcd.
//
// Guarantees: nothing is changed where the etcd is opened read-only, nor a key of a Kubernetes registry without
// --allow-registry-writes; what is done was shown before, and is in the journal, which is written first; what is
// overwritten or deleted is in an undo file. Package etcdview/operate does the rest: compare-and-swap, leases, quorum.
package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// Step is one change of an etcd, planned.
type Step struct {
	// Name and Target say what is done to what, as the journal has it.
	Name, Target string
	// Lines are the preview.
	Lines []pager.Line
	// Confirm is what must be typed: nothing at all, yes, or a name or number that takes attention.
	Confirm string
	// Keys are those that are written or deleted.
	Keys []string
	// Do does it, after writing what was there to the undo file, and tells of each step.
	Do func(ctx context.Context, undoFile string, report func(line string)) (result string, err error)
}

// Operation is a Step of an operation.
func Operation(op *operate.Operation) *Step {
	s := &Step{Name: op.Name, Target: op.Target, Confirm: op.Confirm, Do: op.Do}
	for _, l := range op.Preview {
		s.Lines = append(s.Lines, pager.Plain(l, nil))
	}
	for _, kv := range op.Deletes {
		s.Keys = append(s.Keys, kv.Key)
		s.Lines = append(s.Lines, pager.Plain("- "+etcdview.Printable(kv.Key), pager.Removed))
	}
	return s
}

// Keys is a Step of a plan to write or delete keys.
func Keys(ctx context.Context, name string, store *etcdview.Store, p *operate.Plan, o decode.Options) *Step {
	s := &Step{Name: name, Confirm: "yes"}
	const most = 200 // changes that are shown
	for i, c := range p.Changes {
		s.Keys = append(s.Keys, c.Key)
		if i < most {
			s.Lines = append(s.Lines, changeLines(ctx, c, o)...)
		}
	}
	n := len(p.Changes)
	if n > most {
		s.Lines = append(s.Lines, pager.Plain(fmt.Sprintf("… and %d more", n-most), pager.Muted))
	}
	if n > 0 {
		s.Target = etcdview.Printable(s.Keys[0])
	}
	if n > 1 {
		s.Target += fmt.Sprintf(" and %d more", n-1)
		s.Confirm = strconv.Itoa(n)
		s.Lines = append([]pager.Line{pager.Plain(grid.Plural(int64(n), "key"), pager.Heading), nil}, s.Lines...)
	}
	s.Do = func(ctx context.Context, undo string, _ func(string)) (string, error) {
		rev, err := operate.Apply(ctx, store, p, undo)
		return fmt.Sprintf("%s at revision %s; 'podarium etcd undo %s' takes it back", grid.Plural(int64(n), "key")+" changed", grid.Thousands(rev), undo), err
	}
	return s
}

func changeLines(ctx context.Context, c operate.Change, o decode.Options) []pager.Line {
	key := etcdview.Printable(c.Key)
	switch {
	case c.New == nil:
		return []pager.Line{pager.Plain("- "+key, pager.Removed)}
	case c.Old == nil:
		return []pager.Line{pager.Plain("+ "+key+"  "+etcdview.Size(int64(len(c.New))), pager.Added)}
	}
	lines := []pager.Line{pager.Plain("  "+key, pager.Heading)}
	changes, err := etcdview.Compare(decode.Decode(ctx, c.Key, c.Old.Value, o), decode.Decode(ctx, c.Key, c.New, o), diff.Options{})
	if err != nil {
		return append(lines, pager.Plain("  "+err.Error(), pager.Warn))
	}
	for _, ch := range changes {
		lines = append(lines, pager.Plain("  "+ch.String(), pager.Changed))
	}
	if len(changes) == 0 {
		lines = append(lines, pager.Plain("  the same value is written again", pager.Muted))
	}
	return lines
}

const (
	planTimeout = 30 * time.Second
	// doTimeout bounds what is done: to defragment a large member, and to save a large snapshot, take minutes.
	doTimeout = time.Hour
)

// Propose plans, shows what would be done, asks, records it and does it. Done runs after it was done.
func Propose(s *screen.Scope, what string, plan func(context.Context) (*Step, error), done func()) {
	if err := access.Writes(s); err != nil {
		s.Fail(fmt.Errorf("%s: %w", what, err))
		return
	}
	screen.Call(s, "plan: "+what, planTimeout, plan, func(step *Step, err error) {
		if err == nil {
			err = permit(s, step.Keys)
		}
		if err != nil {
			s.Fail(err)
			return
		}
		s.Ask(newPreview(s, step, func() { do(s, step, done) }))
	})
}

// permit refuses keys of a registry where that was not allowed.
func permit(s *screen.Scope, keys []string) error {
	if s.Cluster().EtcdRegistryWrites() {
		return nil
	}
	for _, k := range keys {
		if !registry.Within(s.Cluster().EtcdPrefix(), k) {
			continue
		}
		hint := ""
		if o, ok := registry.Parse(s.Cluster().EtcdPrefix(), k); ok && o.Served() {
			hint = ". Through the API: kubectl apply, edit or delete " + o.GroupResource.String() + "/" + o.Name
			if o.Namespace != "" {
				hint += " -n " + o.Namespace
			}
		}
		return fmt.Errorf("%s belongs to a Kubernetes registry: a write there passes by admission, validation, finalizers and audit, and needs 'podarium etcd --allow-registry-writes'%s", etcdview.Printable(k), hint)
	}
	return nil
}

// do records the step, does it and shows how it goes.
func do(s *screen.Scope, step *Step, done func()) {
	journal, undo, err := files(s, step)
	if err != nil {
		s.Fail(err)
		return
	}
	r := newRunning(s, step)
	s.Ask(r)
	entry := operate.Entry{Etcd: s.Cluster().Name(), Operation: step.Name, Target: step.Target, UndoFile: undo}
	for _, l := range step.Lines {
		entry.Preview = append(entry.Preview, l.String())
	}
	screen.Call(s, step.Name, doTimeout, func(ctx context.Context) (string, error) {
		return journal.Record(entry, func() (string, error) { return step.Do(ctx, undo, r.report) })
	}, func(result string, err error) {
		r.end(result, err)
		if done != nil {
			done()
		}
	})
}

// Journal is where operations of this cluster's etcd are recorded: the data directory, or the user's cache directory for
// an etcd that is not podarium's own.
func Journal(s *screen.Scope) (*operate.Journal, error) {
	if dir := s.Cluster().EtcdOperations(); dir != "" {
		return &operate.Journal{File: filepath.Join(dir, operate.JournalName)}, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no directory to record operations in: %w", err)
	}
	return &operate.Journal{File: filepath.Join(dir, "podarium", operate.JournalName)}, nil
}

func files(s *screen.Scope, step *Step) (journal *operate.Journal, undo string, err error) {
	if journal, err = Journal(s); err != nil || len(step.Keys) == 0 {
		return journal, "", err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, "", errors.New("nothing was changed: there is no directory for the undo file")
	}
	return journal, filepath.Join(dir, "podarium", "undo", s.Now().UTC().Format("20060102T150405.000000000")+".jsonl"), nil
}

// Record does what changes nothing of the etcd, so that it needs no leave and is not asked for, and records it.
func Record(s *screen.Scope, step *Step) { do(s, step, nil) }

// Read shows how something goes that takes its time and changes nothing: it needs no leave and no record.
func Read(s *screen.Scope, what string, f func(ctx context.Context, report func(line string)) (result string, err error)) {
	r := newRunning(s, &Step{Name: what})
	s.Ask(r)
	screen.Call(s, what, doTimeout, func(ctx context.Context) (string, error) { return f(ctx, r.report) }, r.end)
}
