// Package livetable keeps a kubectl-like table of any kind current for a screen.
//
// A Table is fed by list and watch of the server's own Tables (media type application/json;as=Table), so every kind,
// custom resources too, has kubectl's columns and costs a fraction of its objects' memory. It guarantees:
//
//   - Open and Snapshot never block on the network, and Snapshot never waits for a list to end: the first rows show
//     while the rest of a long list is still on its way.
//   - Events are coalesced: any number of them between two calls of Snapshot cost one copy of a slice of pointers.
//   - A Snapshot tells which rows differ from the one before, so that a screen of many rows need not look at each of them.
//   - A Snapshot and all that hangs off it is immutable and may be shared, until it is given back (Recycle). A row that did
//     not change keeps its pointer.
//   - Rows stay through a lost connection, with Snapshot.Err saying why they may be old, until a new list replaces them.
//   - Reconnection is automatic, with backoff; an expired resourceVersion (410) leads to a new list.
package livetable

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
)

// Query says which objects a Table holds.
type Query struct {
	Resource schema.GroupVersionResource
	// Namespace is empty for all namespaces and for cluster-scoped kinds.
	Namespace string
	// LabelSelector and FieldSelector are in kubectl's syntax; the server applies them.
	LabelSelector, FieldSelector string
	// Fields are columns after the server's own. With any, the server sends whole objects.
	Fields []Field
}

// Column describes one column, as the server does.
type Column struct {
	Name, Type, Format, Description string
	// Priority is 0 for columns that are always shown; more than 0 is for wide output only.
	Priority int32
	// Age says that the text is the time since Row.Created, as it was when the server wrote it:
	// a screen draws the time since Row.Created instead, so that it ticks.
	Age bool
	// Time says that the texts are times (RFC 3339): a screen draws the time since, so that it ticks.
	Time bool
}

// Cell is one value of a row.
type Cell struct {
	// Text is what kubectl would print.
	Text string
	// Value is an int64, float64 or bool where the server sent one, so that columns sort by value; nil for text.
	Value any
	// Changed is when the text last changed while the Table was open; zero if never.
	// Times that merely pass ("5m", "2 (3m ago)") are no change.
	Changed time.Time
	filled  bool // there was a text in it before
}

// Row is one object. Rows are immutable; a change makes a new one. Labels and Owner are shared between rows.
type Row struct {
	UID                              types.UID
	Namespace, Name, ResourceVersion string
	Created                          time.Time
	// Read is when the cells were read: those that tell how long ago something was, told it as of then.
	Read time.Time
	// Deleting says that the object has a deletionTimestamp.
	Deleting bool
	Labels   map[string]string
	// Owner is the controller among the ownerReferences, nil where there is none.
	Owner *metav1.OwnerReference
	// Cells has one entry per column of the Snapshot.
	Cells []Cell
}

// Change is a row that came (Old is nil), went (New is nil), or was replaced.
type Change struct{ Old, New *Row }

// Snapshot is the table at one moment. It is immutable.
type Snapshot struct {
	Columns []Column
	// Rows are in the order of the first list (namespace, then name), later ones at the end.
	Rows []*Row
	// Generation grows with every snapshot that differs from the one before.
	Generation uint64
	// Changes lead from the rows of the snapshot before, whose Generation is one less, to these, in the order in which
	// they came; where Incremental is false, as after a list or a great many changes, every row has to be looked at.
	Changes     []Change
	Incremental bool
	// Synced says that the first list is complete.
	Synced bool
	// Err says why the rows may be old: the last list or watch failed and is being retried. Nil when all is well.
	Err error
}

// Table is a live table. It is safe for use by several goroutines.
type Table struct {
	store  *store
	cancel context.CancelFunc
	done   chan struct{}
}

// Open starts to list and watch. It never blocks and never fails: what goes wrong is in Snapshot.Err and is retried.
// The table lives until Close, or until ctx ends.
func Open(ctx context.Context, c *cluster.Cluster, q Query) *Table {
	ctx, cancel := context.WithCancel(ctx)
	t := &Table{store: newStore(), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		newFeed(c, q, t.store).run(ctx)
	}()
	return t
}

// Changed receives after a change, or several. It holds at most one value and is never closed.
func (t *Table) Changed() <-chan struct{} { return t.store.changed }

// Snapshot is the table now. It costs nothing when nothing changed since the last call.
func (t *Table) Snapshot() *Snapshot { return t.store.snapshot() }

// Recycle gives back a snapshot that nobody looks at any more, so that a table of many rows that change all the time need not be
// collected as garbage all the time. It must not be given back twice, nor looked at after; one of them is kept.
func (t *Table) Recycle(s *Snapshot) { t.store.recycle(s) }

// Close stops listing and watching, and waits for that. The last Snapshot remains.
func (t *Table) Close() {
	t.cancel()
	<-t.done
}
