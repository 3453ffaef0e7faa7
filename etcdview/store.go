package etcdview

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrNotFound is returned when a key does not exist at the revision asked for.
var ErrNotFound = errors.New("not found")

// ErrCompacted is returned when the revision asked for is older than what the store keeps.
var ErrCompacted = errors.New("the revision has been compacted away")

// KV is a key at one revision.
type KV struct {
	Key string
	// Value is nil where only keys were read.
	Value []byte
	// CreateRevision, ModRevision and Version are etcd's: when the key was made, last written, and how often since.
	CreateRevision, ModRevision, Version int64
	// Lease is the etcd lease that the key hangs on, 0 for none. Keys-only reads of etcd 3.7 leave it out.
	Lease int64
}

func fromProto(kv *mvccpb.KeyValue) KV {
	return KV{Key: string(kv.Key), Value: kv.Value, CreateRevision: kv.CreateRevision, ModRevision: kv.ModRevision,
		Version: kv.Version, Lease: kv.Lease}
}

// Store reads one etcd.
type Store struct {
	client *clientv3.Client
	// noStream is set once the server has said that it knows no RangeStream.
	noStream atomic.Bool
	timeout  time.Duration
	// always are options of every read.
	always []clientv3.OpOption
}

// New reads through a client, which the caller closes. It does not connect.
func New(c *clientv3.Client) *Store { return &Store{client: c} }

// Client is what New was given.
func (s *Store) Client() *clientv3.Client { return s.client }

// Serializable has every read answered by one member from what it has, which may be behind the others: it needs no
// quorum. Call it before the first read.
func (s *Store) Serializable() *Store {
	s.always = []clientv3.OpOption{clientv3.WithSerializable()}
	return s
}

// Get reads one key at a revision, 0 for now. It returns ErrNotFound or ErrCompacted where they apply.
func (s *Store) Get(ctx context.Context, key string, rev int64) (KV, error) {
	r, err := s.get(ctx, key, clientv3.WithRev(rev))
	if err != nil {
		return KV{}, readError("get", key, err)
	}
	if len(r.Kvs) == 0 {
		return KV{}, fmt.Errorf("%s: %w", Printable(key), ErrNotFound)
	}
	return fromProto(r.Kvs[0]), nil
}

func (s *Store) get(ctx context.Context, key string, opts ...clientv3.OpOption) (r *clientv3.GetResponse, err error) {
	err = s.Request(ctx, func(ctx context.Context) (err error) {
		r, err = s.client.Get(ctx, key, append(opts, s.always...)...)
		return err
	})
	return r, s.refusal(ctx, err)
}

// Revision is the store's newest revision.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	r, err := s.get(ctx, "\x00", clientv3.WithCountOnly())
	if isDenied(err) { // a user of a part of the keys: then that of the member that answers
		a, e := s.any(ctx)
		if e == nil {
			return a.status.Header.Revision, nil
		}
	}
	if err != nil {
		return 0, readError("read the revision", "", err)
	}
	return r.Header.Revision, nil
}

// PageOptions say which keys to read.
type PageOptions struct {
	// Prefix of the keys; empty for all.
	Prefix string
	// From is the first key to read, inclusive; empty for the first with the prefix. See Page.Next.
	From string
	// Revision to read at; 0 for now.
	Revision int64
	// Limit is the most keys to return; 0 means 500.
	Limit int
	// KeysOnly leaves values out.
	KeysOnly bool

	before string // the first key not to read, where that lies before the end of the prefix
}

// Page is a part of the keys with a prefix, in the order of keys.
type Page struct {
	KVs []KV
	// Next is From for the page after this one, empty at the end.
	Next string
	// Revision is that of the store when it was read: later pages read at it show the same state.
	Revision int64
}

// Page reads some keys.
func (s *Store) Page(ctx context.Context, o PageOptions) (Page, error) {
	if o.Limit <= 0 {
		o.Limit = 500
	}
	var p Page
	if o.Revision == 0 {
		rev, err := s.Revision(ctx)
		if err != nil {
			return Page{}, err
		}
		o.Revision = rev
	}
	_, err := s.read(ctx, o, func(kv *mvccpb.KeyValue) error {
		p.KVs = append(p.KVs, fromProto(kv))
		return nil
	})
	if err != nil {
		return Page{}, err
	}
	p.Revision = o.Revision
	if len(p.KVs) >= o.Limit {
		p.Next = p.KVs[len(p.KVs)-1].Key + "\x00"
	}
	return p, nil
}

// Scan reads all keys of o at one revision and calls fn for each, in the order of keys; o.Limit is the page size of
// servers without RangeStream. It returns the revision. Values are fn's to keep.
func (s *Store) Scan(ctx context.Context, o PageOptions, fn func(KV) error) (int64, error) {
	pageSize := o.Limit
	if pageSize <= 0 {
		pageSize = 1000
	}
	o.Limit = 0
	each := func(kv *mvccpb.KeyValue) error { return fn(fromProto(kv)) }
	if o.Revision == 0 {
		rev, err := s.Revision(ctx)
		if err != nil {
			return 0, err
		}
		o.Revision = rev
	}
	if !s.noStream.Load() {
		_, err := s.stream(ctx, o, each)
		if !errors.Is(err, errNoStream) {
			return o.Revision, err
		}
	}
	o.Limit = pageSize
	for {
		var last string
		n := 0
		_, err := s.read(ctx, o, func(kv *mvccpb.KeyValue) error {
			last, n = string(kv.Key), n+1
			return each(kv)
		})
		if err != nil || n < o.Limit {
			return o.Revision, err
		}
		o.From = last + "\x00"
	}
}

// Counts tells how many keys have each of the prefixes, at a revision, 0 for now. The server counts in its index.
func (s *Store) Counts(ctx context.Context, prefixes []string, rev int64) ([]int64, error) {
	const perTxn = 64 // etcd allows 128 operations in a transaction
	counts := make([]int64, 0, len(prefixes))
	for len(prefixes) > 0 {
		n := min(perTxn, len(prefixes))
		ops := make([]clientv3.Op, n)
		for i, p := range prefixes[:n] {
			key, end := keyRange(p, "")
			ops[i] = clientv3.OpGet(key, append(s.always, clientv3.WithRange(end), clientv3.WithCountOnly(), clientv3.WithRev(rev))...)
		}
		var r *clientv3.TxnResponse
		err := s.Request(ctx, func(ctx context.Context) (err error) {
			r, err = s.client.Txn(ctx).Then(ops...).Commit()
			return err
		})
		if err != nil {
			return nil, readError("count", prefixes[0], s.refusal(ctx, err))
		}
		for _, resp := range r.Responses {
			counts = append(counts, resp.GetResponseRange().GetCount())
		}
		prefixes = prefixes[n:]
	}
	return counts, nil
}

// errNoStream says that RangeStream must not be used.
var errNoStream = errors.New("server has no RangeStream")

// read calls each for at most o.Limit keys, by a stream where the server has it, which is cut off when it has brought
// enough. A range with a limit, and a stream with one, go on to count all keys that follow: on a large store that takes
// longer than all the rest.
func (s *Store) read(ctx context.Context, o PageOptions, each func(*mvccpb.KeyValue) error) (int64, error) {
	if !s.noStream.Load() {
		rev, err := s.stream(ctx, o, each)
		if !errors.Is(err, errNoStream) {
			return rev, err
		}
	}
	key, opts := o.ops()
	r, err := s.get(ctx, key, opts...)
	if err != nil {
		return 0, readError("read", o.Prefix, err)
	}
	for _, kv := range r.Kvs {
		if err := each(kv); err != nil {
			return 0, err
		}
	}
	return r.Header.Revision, nil
}

func (s *Store) stream(ctx context.Context, o PageOptions, each func(*mvccpb.KeyValue) error) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	guard := s.guard(cancel)
	defer guard.stop()
	limit := o.Limit
	o.Limit = 0
	key, opts := o.ops()
	ch, err := s.client.GetStream(ctx, key, append(opts, s.always...)...)
	if err != nil {
		return 0, s.streamError(ctx, o.Prefix, err)
	}
	defer func() {
		cancel(nil)
		go func() { // the client's goroutine behind the channel ends only when its last words are heard
			for range ch {
			}
		}()
	}()
	var rev int64
	for r := range ch {
		guard.stop() // the caller may take its time
		if err := r.Err(); err != nil {
			return 0, s.streamError(ctx, o.Prefix, err)
		}
		for _, kv := range r.Kvs {
			if err := each(kv); err != nil {
				return 0, err
			}
			if limit--; limit == 0 {
				return o.Revision, nil
			}
		}
		if r.Header != nil {
			rev = r.Header.Revision // the last part alone has it
		}
		guard.feed()
	}
	if ctx.Err() != nil {
		return 0, s.streamError(ctx, o.Prefix, ctx.Err())
	}
	return rev, nil
}

func (s *Store) streamError(ctx context.Context, what string, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, ErrNoAnswer) {
		err = cause
	} else if s.lost(err) {
		err = s.noAnswer()
	}
	if status.Code(err) == codes.Unimplemented || errors.Is(err, rpctypes.ErrGRPCNotCapable) {
		s.noStream.Store(true)
		return errNoStream
	}
	return readError("read", what, s.refusal(context.WithoutCancel(ctx), err))
}

func (o PageOptions) ops() (string, []clientv3.OpOption) {
	key, end := keyRange(o.Prefix, o.From)
	if o.before != "" {
		end = o.before
	}
	opts := []clientv3.OpOption{clientv3.WithRange(end), clientv3.WithRev(o.Revision), clientv3.WithLimit(int64(o.Limit))}
	if o.KeysOnly {
		opts = append(opts, clientv3.WithKeysOnly())
	}
	return key, opts
}

// keyRange is the range of keys with a prefix, beginning at from where that lies behind the prefix.
func keyRange(prefix, from string) (key, end string) {
	key, end = prefix, clientv3.GetPrefixRangeEnd(prefix)
	if prefix == "" {
		key, end = "\x00", "\x00"
	}
	if from > key {
		key = from
	}
	return key, end
}

// readError names what failed and turns etcd's errors into ours.
func readError(what, key string, err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrCompacted):
		err = ErrCompacted
	case errors.Is(err, rpctypes.ErrUserEmpty):
		err = errors.New("this etcd wants to know who asks: --user USER:PASSWORD, or a certificate whose name is a user's")
	}
	if key == "" {
		return fmt.Errorf("etcd: %s: %w", what, err)
	}
	return fmt.Errorf("etcd: %s %s: %w", what, Printable(key), err)
}
