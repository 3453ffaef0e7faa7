package offline

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/podarium/podarium/etcdview"
)

// Serve makes the file look like a running etcd that nobody writes to, on a unix socket that only this user can reach,
// until stop is called: what is written against an etcd client works on it. Writes are refused.
func (d *DB) Serve() (endpoint string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "podarium-etcd") // 0700
	if err != nil {
		return "", nil, fmt.Errorf("serve %s: %w", d.path, err)
	}
	socket := filepath.Join(dir, "etcd.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("serve %s: %w", d.path, err), os.RemoveAll(dir))
	}
	g := grpc.NewServer()
	s := &server{d: d}
	etcdserverpb.RegisterKVServer(g, s)
	etcdserverpb.RegisterWatchServer(g, s)
	etcdserverpb.RegisterLeaseServer(g, s)
	etcdserverpb.RegisterClusterServer(g, s)
	etcdserverpb.RegisterMaintenanceServer(g, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = g.Serve(l) // it ends with Stop
	}()
	return "unix://" + socket, func() {
		g.Stop()
		<-done
		os.RemoveAll(dir)
	}, nil
}

// server answers for a DB.
type server struct {
	etcdserverpb.UnimplementedKVServer
	etcdserverpb.UnimplementedWatchServer
	etcdserverpb.UnimplementedLeaseServer
	etcdserverpb.UnimplementedClusterServer
	etcdserverpb.UnimplementedMaintenanceServer
	d *DB
}

// memberID is that of the one member that a file seems to be.
const memberID = 1

func (s *server) header() *etcdserverpb.ResponseHeader {
	return &etcdserverpb.ResponseHeader{ClusterId: memberID, MemberId: memberID, Revision: s.d.latest}
}

var errReadOnly = status.Error(codes.PermissionDenied, "this is a file, opened read-only")

// Range implements etcdserverpb.KVServer.
func (s *server) Range(ctx context.Context, r *etcdserverpb.RangeRequest) (*etcdserverpb.RangeResponse, error) {
	rev, err := s.d.at(r.Revision)
	switch {
	case errors.Is(err, etcdview.ErrCompacted):
		return nil, rpctypes.ErrGRPCCompacted
	case err != nil:
		return nil, rpctypes.ErrGRPCFutureRev
	}
	out := &etcdserverpb.RangeResponse{Header: s.header()}
	s.d.within(r.Key, r.RangeEnd, func(e *entry) bool {
		x, ok := e.find(rev)
		if !ok {
			return true
		}
		out.Count++
		if r.CountOnly || r.Limit > 0 && int64(len(out.Kvs)) >= r.Limit {
			out.More = out.More || !r.CountOnly
			return true
		}
		kv := x.kv(e.key)
		if !r.KeysOnly {
			if kv, err = s.d.read(e.key, x); err != nil {
				return false
			}
		}
		out.Kvs = append(out.Kvs, toProto(kv))
		return ctx.Err() == nil
	})
	if err != nil {
		return nil, status.Error(codes.DataLoss, err.Error())
	}
	return out, ctx.Err()
}

// within visits the keys of an etcd range: one key, all from one on, or all before another.
func (d *DB) within(key, end []byte, visit func(*entry) bool) {
	i, _ := slices.BinarySearchFunc(d.keys, string(key), func(e entry, k string) int { return cmp.Compare(e.key, k) })
	for ; i < len(d.keys); i++ {
		k := d.keys[i].key
		switch {
		case len(end) == 0:
			if k != string(key) {
				return
			}
		case !bytes.Equal(end, []byte{0}) && k >= string(end):
			return
		}
		if !visit(&d.keys[i]) {
			return
		}
	}
}

func toProto(kv etcdview.KV) *mvccpb.KeyValue {
	return &mvccpb.KeyValue{Key: []byte(kv.Key), Value: kv.Value, CreateRevision: kv.CreateRevision, ModRevision: kv.ModRevision, Version: kv.Version, Lease: kv.Lease}
}

// Txn implements etcdserverpb.KVServer, for reads.
func (s *server) Txn(ctx context.Context, r *etcdserverpb.TxnRequest) (*etcdserverpb.TxnResponse, error) {
	out := &etcdserverpb.TxnResponse{Header: s.header(), Succeeded: true}
	if len(r.Compare) > 0 {
		return nil, errReadOnly
	}
	for _, op := range r.Success {
		read := op.GetRequestRange()
		if read == nil {
			return nil, errReadOnly
		}
		resp, err := s.Range(ctx, read)
		if err != nil {
			return nil, err
		}
		out.Responses = append(out.Responses, &etcdserverpb.ResponseOp{Response: &etcdserverpb.ResponseOp_ResponseRange{ResponseRange: resp}})
	}
	return out, nil
}

// Put implements etcdserverpb.KVServer.
func (s *server) Put(context.Context, *etcdserverpb.PutRequest) (*etcdserverpb.PutResponse, error) {
	return nil, errReadOnly
}

// DeleteRange implements etcdserverpb.KVServer.
func (s *server) DeleteRange(context.Context, *etcdserverpb.DeleteRangeRequest) (*etcdserverpb.DeleteRangeResponse, error) {
	return nil, errReadOnly
}

// Watch implements etcdserverpb.WatchServer: it replays what is in the file, and then nothing comes.
func (s *server) Watch(w etcdserverpb.Watch_WatchServer) error {
	id := int64(-1)
	for {
		r, err := w.Recv()
		if err != nil {
			return nil // the client has gone
		}
		switch {
		case r.GetCreateRequest() != nil:
			id++
			err = s.replay(w, id, r.GetCreateRequest())
		case r.GetProgressRequest() != nil:
			err = w.Send(&etcdserverpb.WatchResponse{Header: s.header(), WatchId: -1})
		case r.GetCancelRequest() != nil:
			err = w.Send(&etcdserverpb.WatchResponse{Header: s.header(), WatchId: r.GetCancelRequest().WatchId, Canceled: true})
		}
		if err != nil {
			return err
		}
	}
}

// eventsAtOnce bounds one message.
const eventsAtOnce = 500

func (s *server) replay(w etcdserverpb.Watch_WatchServer, id int64, r *etcdserverpb.WatchCreateRequest) error {
	if err := w.Send(&etcdserverpb.WatchResponse{Header: s.header(), WatchId: id, Created: true}); err != nil {
		return err
	}
	if r.StartRevision == 0 {
		return nil
	}
	if r.StartRevision < s.d.compact {
		return w.Send(&etcdserverpb.WatchResponse{Header: s.header(), WatchId: id, Canceled: true, CompactRevision: s.d.compact})
	}
	type state struct {
		key string
		revision
	}
	var past []state
	s.d.within(r.Key, r.RangeEnd, func(e *entry) bool {
		for _, x := range e.revs {
			if x.main >= r.StartRevision {
				past = append(past, state{e.key, x})
			}
		}
		return true
	})
	slices.SortFunc(past, func(a, b state) int { return cmp.Or(cmp.Compare(a.main, b.main), cmp.Compare(a.sub, b.sub)) })
	for part := range slices.Chunk(past, eventsAtOnce) {
		out := &etcdserverpb.WatchResponse{Header: s.header(), WatchId: id}
		for _, x := range part {
			e := &mvccpb.Event{Type: mvccpb.DELETE, Kv: &mvccpb.KeyValue{Key: []byte(x.key), ModRevision: x.main}}
			if !x.deleted {
				kv, err := s.d.read(x.key, x.revision)
				if err != nil {
					return status.Error(codes.DataLoss, err.Error())
				}
				e = &mvccpb.Event{Type: mvccpb.PUT, Kv: toProto(kv)}
			}
			out.Events = append(out.Events, e)
		}
		if err := w.Send(out); err != nil {
			return err
		}
	}
	return nil
}

// LeaseLeases implements etcdserverpb.LeaseServer: time does not pass in a file, so it has no leases.
func (s *server) LeaseLeases(context.Context, *etcdserverpb.LeaseLeasesRequest) (*etcdserverpb.LeaseLeasesResponse, error) {
	return &etcdserverpb.LeaseLeasesResponse{Header: s.header()}, nil
}

// MemberList implements etcdserverpb.ClusterServer.
func (s *server) MemberList(context.Context, *etcdserverpb.MemberListRequest) (*etcdserverpb.MemberListResponse, error) {
	return &etcdserverpb.MemberListResponse{Header: s.header(), Members: []*etcdserverpb.Member{{ID: memberID, Name: filepath.Base(s.d.path)}}}, nil
}

// Status implements etcdserverpb.MaintenanceServer.
func (s *server) Status(context.Context, *etcdserverpb.StatusRequest) (*etcdserverpb.StatusResponse, error) {
	return &etcdserverpb.StatusResponse{Header: s.header(), Version: "offline", DbSize: s.d.size, DbSizeInUse: s.d.size, Leader: memberID}, nil
}

// Alarm implements etcdserverpb.MaintenanceServer.
func (s *server) Alarm(_ context.Context, r *etcdserverpb.AlarmRequest) (*etcdserverpb.AlarmResponse, error) {
	if r.Action != etcdserverpb.AlarmRequest_GET {
		return nil, errReadOnly
	}
	return &etcdserverpb.AlarmResponse{Header: s.header()}, nil
}
