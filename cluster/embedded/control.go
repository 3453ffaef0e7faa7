package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/podarium/podarium/cluster"
)

// Info describes a running cluster.
type Info struct {
	PID        int            `json:"pid"`
	DataDir    string         `json:"dataDir"`
	Server     string         `json:"server"`
	Kubeconfig string         `json:"kubeconfig"`
	EtcdSocket string         `json:"etcdSocket"`
	LogFile    string         `json:"logFile"`
	Started    time.Time      `json:"started"`
	Ephemeral  bool           `json:"ephemeral,omitempty"`
	Status     cluster.Status `json:"status"`
}

// Info describes this cluster.
func (s *Server) Info() Info {
	st, _ := s.Status(context.Background())
	return Info{
		PID: os.Getpid(), DataDir: s.o.DataDir, Server: s.address, Kubeconfig: s.admin.file, EtcdSocket: s.state.etcdSocket(), LogFile: s.logFile(),
		Started: s.began, Ephemeral: s.o.Ephemeral, Status: st,
	}
}

// control answers other processes of the same user on a unix socket in the private data directory.
type control struct {
	server *http.Server
}

func serveControl(socket string, s *Server) (*control, error) {
	_ = os.Remove(socket) // left over by a crash; the lock of the data directory says that nobody serves it
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Info()) // a failed write is the reader's
	})
	mux.HandleFunc("GET /services", func(w http.ResponseWriter, r *http.Request) {
		t, err := s.Traffic(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(t) // a failed write is the reader's
	})
	mux.HandleFunc("GET /sandboxes", func(w http.ResponseWriter, r *http.Request) {
		list, err := s.Sandboxes(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list) // a failed write is the reader's
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		s.stopOnce.Do(func() { close(s.stopping) })
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("POST /nodes/{name}/{action}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.nodeAction(r.Context(), r.PathValue("name"), r.PathValue("action")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("POST /nodes", s.addNodeFor)
	mux.HandleFunc("DELETE /nodes/{name}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.RemoveNode(r.Context(), r.PathValue("name"), r.URL.Query().Has("force")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("GET /catalogue", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.catalogue) // a failed write is the reader's
	})
	mux.HandleFunc("POST /dial", s.dialFor)
	c := &control{&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}
	go func() {
		if err := c.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("control socket: %w", err))
		}
	}()
	return c, nil
}

func (c *control) close() error { return c.server.Close() }

// etcdHistory is the directory in the data directory where the history of etcd is recorded.
const etcdHistory = "etcd-history"

// EtcdHistory is the directory where the history of the etcd of a data directory is recorded.
func EtcdHistory(dataDir string) string { return filepath.Join(dataDir, etcdHistory) }

// Remote is a cluster that another process runs.
type Remote struct {
	dataDir string
	run     runInfo
	http    *http.Client
	etcd    *clientv3.Client
	cluster *cluster.Cluster
}

// Attach finds the process that runs the cluster of a data directory: ErrNotRunning where there is none.
func Attach(ctx context.Context, dataDir string) (*Remote, error) {
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return nil, err
	}
	run, err := readRunInfo(dataDir)
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(run.Sockets, "control.sock")
	r := &Remote{dataDir: dataDir, run: run, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
	}}}
	info, err := r.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (%w)", dataDir, ErrNotRunning, err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", info.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.DisableCompression = true
	if r.etcd, err = newEtcdClient(filepath.Join(run.Sockets, "etcd.sock")); err != nil {
		return nil, err
	}
	r.cluster, err = cluster.New(cluster.Options{
		Name: filepath.Base(dataDir), Config: config, Etcd: r.etcd, Disposable: true, EtcdHistory: filepath.Join(dataDir, etcdHistory),
		Access: access(info.Kubeconfig),
		Status: func(ctx context.Context) (cluster.Status, error) {
			info, err := r.Info(ctx)
			return info.Status, err
		},
		Traffic: r.Traffic, Sandboxes: r.Sandboxes, Nodes: r.machines(),
	})
	return r, err
}

// Info asks the running process.
func (r *Remote) Info(ctx context.Context) (info Info, err error) {
	return info, r.ask(ctx, "/info", &info)
}

// Traffic asks the running process how the connections of Services were spread.
func (r *Remote) Traffic(ctx context.Context) (t []cluster.ServiceTraffic, err error) {
	return t, r.ask(ctx, "/services", &t)
}

// Sandboxes asks the running process what the containers of each Pod share.
func (r *Remote) Sandboxes(ctx context.Context) (list []cluster.Sandbox, err error) {
	return list, r.ask(ctx, "/sandboxes", &list)
}

// ask decodes what the running process answers.
func (r *Remote) ask(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://podarium"+path, nil)
	if err != nil {
		return err
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return errors.New(strings.TrimSpace(string(b)))
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// Cluster is what front ends talk to.
func (r *Remote) Cluster() *cluster.Cluster { return r.cluster }

// Stop asks the running process to stop and returns when it has, or when ctx ends.
func (r *Remote) Stop(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://podarium/stop", nil)
	if err != nil {
		return err
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	return awaitUnlocked(ctx, r.dataDir)
}

// awaitUnlocked returns when nobody holds the data directory any more.
func awaitUnlocked(ctx context.Context, dataDir string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		// An ephemeral directory is gone by then.
		if _, err := os.Stat(filepath.Join(dataDir, "run.json")); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: still stopping: %w", dataDir, ctx.Err())
		}
	}
}

// Close releases the connections; the cluster runs on.
func (r *Remote) Close() error { return r.etcd.Close() }
