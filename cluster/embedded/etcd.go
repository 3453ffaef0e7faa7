package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc"
)

// etcd is the embedded etcd: one member that listens on a unix socket only, which the data directory's mode protects.
type etcd struct {
	server *embed.Etcd
}

// startEtcd returns when etcd serves. failed is told of a failure after that, which ends the process: etcd calls for
// an exit where it can no longer keep its promises.
func startEtcd(ctx context.Context, dir, socket string, volatile bool, log zapcore.Core, failed func(error)) (*etcd, error) {
	_ = os.Remove(socket) // left over by a crash; the lock of the data directory says that nobody serves it
	cfg := embed.NewConfig()
	cfg.Name = "podarium"
	cfg.Dir = dir
	// One member has no peers to hear: no peer port is opened. Its address is only an identity.
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:2380"}
	cfg.ListenPeerUrls = nil
	cfg.AdvertisePeerUrls = []url.URL{peer}
	cfg.InitialCluster = cfg.Name + "=" + peer.String()
	client := url.URL{Scheme: "unix", Path: socket}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.TickMs, cfg.ElectionMs = 10, 100 // nobody to be elected against: the defaults cost a second at the start
	cfg.EnableGRPCGateway = false
	cfg.UnsafeNoFsync = volatile
	cfg.MaxRequestBytes = 8 << 20

	var serving atomic.Bool
	fatal := make(chan error, 16) // each goroutine that calls Fatal ends: there are fewer of them
	hook := fatalHook{func(err error) {
		if serving.Load() {
			failed(fmt.Errorf("etcd: %w", err))
			return
		}
		fatal <- err
	}}
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.New(log, zap.WithFatalHook(hook), zap.WithPanicHook(hook)))

	type result struct {
		e   *embed.Etcd
		err error
	}
	started := make(chan result, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil { // bbolt panics on pages that make no sense
				started <- result{err: damaged(dir, fmt.Errorf("%v", r))}
			}
		}()
		e, err := embed.StartEtcd(cfg)
		if err != nil {
			err = damaged(dir, err)
		}
		started <- result{e, err}
	}()
	var r result
	select {
	case r = <-started:
		if r.err != nil {
			return nil, r.err
		}
	case err := <-fatal:
		return nil, damaged(dir, err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case <-r.e.Server.ReadyNotify():
		serving.Store(true)
	case err := <-fatal:
		return nil, damaged(dir, err)
	case err := <-r.e.Err():
		return nil, damaged(dir, err)
	case <-ctx.Done():
		r.e.Close()
		return nil, ctx.Err()
	}
	go func() {
		for err := range r.e.Err() {
			failed(fmt.Errorf("etcd: %w", err))
		}
	}()
	return &etcd{r.e}, nil
}

// args are the flags with which etcd's own program would run like this.
func (e *etcd) args() []string {
	c := e.server.Config()
	urls := func(us []url.URL) string {
		var out []string
		for _, u := range us {
			out = append(out, u.String())
		}
		return strings.Join(out, ",")
	}
	return []string{
		"--name=" + c.Name, "--data-dir=" + c.Dir,
		"--listen-client-urls=" + urls(c.ListenClientUrls), "--advertise-client-urls=" + urls(c.AdvertiseClientUrls),
		"--initial-advertise-peer-urls=" + urls(c.AdvertisePeerUrls), "--initial-cluster=" + c.InitialCluster,
		fmt.Sprintf("--heartbeat-interval=%d", c.TickMs), fmt.Sprintf("--election-timeout=%d", c.ElectionMs),
		fmt.Sprintf("--enable-grpc-gateway=%t", c.EnableGRPCGateway), fmt.Sprintf("--unsafe-no-fsync=%t", c.UnsafeNoFsync),
		fmt.Sprintf("--max-request-bytes=%d", c.MaxRequestBytes),
	}
}

func damaged(dir string, err error) error {
	return fmt.Errorf("etcd cannot use %s: %w\nNothing was changed. If the data is damaged, restore %s from a snapshot, or start with another --data-dir", dir, err, dir)
}

// fatalHook ends the goroutine that calls zap's Fatal or Panic instead of the process, and reports it.
type fatalHook struct{ report func(error) }

func (h fatalHook) OnWrite(e *zapcore.CheckedEntry, fields []zapcore.Field) {
	enc := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(enc)
	}
	err := errors.New(e.Message)
	if cause, ok := enc.Fields["error"]; ok {
		err = fmt.Errorf("%s: %v", e.Message, cause)
	}
	h.report(err)
	runtime.Goexit()
}

// etcdEndpoint is how a client names the socket.
func etcdEndpoint(socket string) string { return "unix://" + socket }

// window is how many bytes may be under way on a connection to the socket (grpc's bdpLimit, internal/transport/bdp_estimator.go).
const window = 16 << 20

// newEtcdClient does not connect; the first call does.
func newEtcdClient(socket string) (*clientv3.Client, error) {
	c, err := clientv3.New(clientv3.Config{
		Endpoints:          []string{etcdEndpoint(socket)},
		Logger:             zap.NewNop(), // each call returns its error
		MaxCallRecvMsgSize: 1 << 30,      // as kube-apiserver's client: a page of objects may be large
		// The largest window that gRPC would come to, at once: to find that out it sends a ping after each event of a watch.
		DialOptions: []grpc.DialOption{grpc.WithStaticStreamWindowSize(window), grpc.WithStaticConnWindowSize(window)},
	})
	if err != nil {
		return nil, fmt.Errorf("etcd client: %w", err)
	}
	return c, nil
}

// stop closes etcd in an orderly way; bounded by etcd's own request time-out.
func (e *etcd) stop() { e.server.Close() }
