package etcdview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
)

// EventType is what happened to a key.
type EventType string

// The types of events. etcd itself knows put and delete.
const (
	Create EventType = "create"
	Put    EventType = "put"
	Delete EventType = "delete"
)

// Event is one change of one key. Decoding it is left to who looks at it: Describe does.
type Event struct {
	Type EventType
	// KV is the key after the change; for a Delete it has the key and, as ModRevision, the revision of the deletion.
	KV KV
	// Prev is the key before the change; nil for a Create and where the old revision is compacted.
	Prev *KV
	// Received is when this process saw the event: etcd itself keeps no time.
	Received time.Time
}

// Revision is the store's revision that the change made.
func (e Event) Revision() int64 { return e.KV.ModRevision }

// Gap is a span of revisions that a watch could not see, since the store had compacted them.
type Gap struct {
	// From is the first revision that is missing, To the first that is there again.
	From, To int64
}

// Batch is what a watch reports at once. At most one of its fields beside Revision is set; none is for a sign of
// life, which says that there was nothing up to Revision.
type Batch struct {
	// Revision is the newest that the watch has reached.
	Revision int64
	// Progress says that the server sent this by itself, to say how far a quiet watch is.
	Progress bool
	Events   []Event
	Gap      *Gap
	// Interrupted says why the watch stands still. It goes on by itself, without losing events.
	Interrupted error
}

// WatchOptions say what to watch.
type WatchOptions struct {
	// Key to watch, or with Prefix set all keys that begin with it.
	Key    string
	Prefix bool
	// Revision is the first to report; 0 for what comes from now on.
	Revision int64
	// Started, if not nil, is called once with the revision from which on nothing is missed.
	Started func(revision int64)
}

// Distinct leaves out watches of keys that another one watches too, so that several at once report each change once.
func Distinct(watches []WatchOptions) []WatchOptions {
	covers := func(w, of WatchOptions) bool {
		return w.Revision == of.Revision && (w.Key == of.Key && w.Prefix == of.Prefix || w.Prefix && strings.HasPrefix(of.Key, w.Key))
	}
	var out []WatchOptions
	for i, w := range watches {
		covered := false
		for j, o := range watches {
			if i != j && covers(o, w) && (j < i || !covers(w, o)) { // of two that are the same the first one stays
				covered = true
			}
		}
		if !covered {
			out = append(out, w)
		}
	}
	return out
}

// Watch reports changes to fn until the context ends or fn fails, and returns that error. It survives lost
// connections and leaders, reports compacted revisions as a Gap and goes on behind it. While fn runs, events gather
// in the client's memory: fn should only take them in (a Feed does).
func (s *Store) Watch(ctx context.Context, o WatchOptions, fn func(Batch) error) error {
	next, wait := o.Revision, firstRetry
	for {
		progressed, err := s.watchOnce(ctx, &o, &next, fn)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var stop stopError
		if errors.As(err, &stop) {
			return stop.error
		}
		if progressed {
			wait = firstRetry
		}
		if err := fn(Batch{Revision: next, Interrupted: err}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, lastRetry)
	}
}

// The pauses between attempts to watch a store that does not answer.
const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// stopError wraps the error with which the receiver ended a watch.
type stopError struct{ error }

// watchOnce watches until the server ends the watch. Next is the first revision not yet reported, 0 for now.
func (s *Store) watchOnce(ctx context.Context, o *WatchOptions, next *int64, fn func(Batch) error) (progressed bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opts := []clientv3.OpOption{clientv3.WithRev(*next), clientv3.WithPrevKV(), clientv3.WithCreatedNotify(),
		clientv3.WithProgressNotify(), clientv3.WithFragment()}
	key := o.Key
	if o.Prefix {
		k, end := keyRange(o.Key, "")
		key, opts = k, append(opts, clientv3.WithRange(end))
	}
	up := make(chan bool) // the client connects again by itself and says nothing of it
	go watchConnection(ctx, s.client.ActiveConnection(), up)
	opened := make(chan clientv3.WatchChan, 1) // which waits for as long as there is no server
	go func() { opened <- s.client.Watch(clientv3.WithRequireLeader(ctx), key, opts...) }()
	var events clientv3.WatchChan
	for {
		var r clientv3.WatchResponse
		select {
		case events = <-opened:
			continue
		case ok := <-up:
			if ok && !progressed { // the server has yet to say that it watches
				continue
			}
			b := Batch{Revision: max(0, *next-1)}
			if !ok {
				b.Interrupted = errConnectionLost
			}
			if err := fn(b); err != nil {
				return progressed, stopError{err}
			}
			continue
		case got, open := <-events:
			if !open {
				return progressed, errConnectionLost
			}
			r = got
		}
		if r.CompactRevision > 0 {
			gap := Gap{From: *next, To: r.CompactRevision}
			*next = r.CompactRevision
			if err := fn(Batch{Revision: r.CompactRevision, Gap: &gap}); err != nil {
				return progressed, stopError{err}
			}
			return true, fmt.Errorf("watch %s: %w", Printable(o.Key), ErrCompacted)
		}
		if err := r.Err(); err != nil {
			if isDenied(err) {
				return progressed, stopError{readError("watch", o.Key, s.refusal(ctx, err))}
			}
			if errors.Is(err, rpctypes.ErrAuthNotEnabled) {
				return progressed, stopError{readError("watch", o.Key, err)}
			}
			return progressed, readError("watch", o.Key, err)
		}
		progressed = true
		if r.Created {
			if *next == 0 {
				*next = r.Header.Revision + 1
			}
			if o.Started != nil {
				o.Started(*next)
				o.Started = nil
			}
		}
		b := Batch{Revision: r.Header.Revision}
		if len(r.Events) > 0 {
			now := time.Now()
			b.Events = make([]Event, len(r.Events))
			for i, e := range r.Events {
				b.Events[i] = fromEvent(e, now)
			}
			*next = b.Events[len(b.Events)-1].Revision() + 1
		} else if r.IsProgressNotify() {
			*next = max(*next, r.Header.Revision+1)
			b.Progress = true
		}
		if err := fn(b); err != nil {
			return progressed, stopError{err}
		}
	}
}

var errConnectionLost = errors.New("the connection to etcd was lost")

// watchConnection says when the connection is lost, and when it is there again, until the context ends.
func watchConnection(ctx context.Context, conn *grpc.ClientConn, up chan<- bool) {
	was := true
	for state := conn.GetState(); ; state = conn.GetState() {
		is := state == connectivity.Ready || state == connectivity.Idle || (was && state == connectivity.Connecting)
		if is != was {
			select {
			case up <- is:
			case <-ctx.Done():
				return
			}
			was = is
		}
		if !conn.WaitForStateChange(ctx, state) {
			return
		}
	}
}

func fromEvent(e *clientv3.Event, now time.Time) Event {
	ev := Event{Type: Put, KV: fromProto(e.Kv), Received: now}
	switch {
	case e.Type == mvccpb.DELETE:
		ev.Type = Delete
	case e.IsCreate():
		ev.Type = Create
	}
	if e.PrevKv != nil {
		prev := fromProto(e.PrevKv)
		ev.Prev = &prev
	}
	return ev
}
