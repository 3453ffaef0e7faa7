// Package embedded runs a whole cluster in this process: etcd, kube-apiserver, the controller manager, the scheduler and
// kubelets, all of them Kubernetes' and etcd's own code.
//
// Guarantees: what the API acknowledged is on disk (unless Ephemeral) and is there after a kill at any moment; nothing
// outside the data directory is written; nothing listens beyond loopback, and nothing there without authentication: etcd
// is on a unix socket in a private directory. A component that fails takes the cluster down in order, with its error.
//
// Caveat: upstream components register names and metrics for the life of a process and kubelets never end, so that one
// process can start one cluster, once.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/node"
	"github.com/podarium/podarium/controllers/podnet"
	"github.com/podarium/podarium/controllers/podnet/services"
	"github.com/podarium/podarium/controllers/scheduler"
	"github.com/podarium/podarium/controllers/simulated"
)

// Options say what to run. The zero value, with a DataDir, is a cluster of no nodes.
type Options struct {
	// DataDir is where everything is kept; it is made where it is missing.
	DataDir string
	// Ephemeral keeps nothing: DataDir must be empty, a temporary directory is used and removed by Stop.
	Ephemeral bool
	// Nodes is how many kubelets run.
	Nodes int
	// SimulatedNodes is how many nodes without a kubelet there are besides (controllers/simulated); nil is as many as in the
	// last run.
	SimulatedNodes *int
	// Runtime is what containers are: one of node.Runtimes, node.Standin where it is empty.
	Runtime string
	// CRIEndpoint is the socket of a container runtime outside of this process, see node.Options; empty is none.
	CRIEndpoint string
	// Catalogue is a file that says what images are (docs/images.md); empty: what comes with the program says it.
	Catalogue string
	// SchedulerConfig is a file with a KubeSchedulerConfiguration that stands for podarium's own; empty is none.
	SchedulerConfig string
	// APIPort is the API server's port on 127.0.0.1; 0 is the one of the last run if it is free, else any free one.
	APIPort int
	// LogFile gets the log of everything in the process; empty: podarium.log in the data directory.
	LogFile string
	// Verbosity is klog's -v.
	Verbosity int
	// Version is the program's, which nodes show as their container runtime's. What is no semantic version shows as 0.0.0-dev.
	Version string
	// Etcdctl is how this machine runs etcdctl as package etcdctl wants it run: a program and its first arguments. Empty: the
	// container of etcd has none.
	Etcdctl []string
	// DivertStderr sends standard error to the file stderr.log beside the log while the cluster runs.
	DivertStderr bool
}

// OptionsError says that the Options ask for what cannot be; nothing was started.
type OptionsError struct{ Err error }

func (e *OptionsError) Error() string { return e.Err.Error() }
func (e *OptionsError) Unwrap() error { return e.Err }

func (o *Options) validate() error {
	switch {
	case o.Ephemeral && o.DataDir != "":
		return errors.New("--ephemeral keeps nothing: give no --data-dir with it")
	case !o.Ephemeral && o.DataDir == "":
		return errors.New("no data directory")
	case o.Nodes < 0 || o.Nodes > maxNodes:
		return fmt.Errorf("--nodes: %d is not between 0 and %d", o.Nodes, maxNodes)
	case o.SimulatedNodes != nil && (*o.SimulatedNodes < 0 || *o.SimulatedNodes > simulated.Max):
		return fmt.Errorf("--simulated-nodes: %d is not between 0 and %d", *o.SimulatedNodes, simulated.Max)
	case node.CheckRuntime(o.Runtime, o.CRIEndpoint) != nil:
		return node.CheckRuntime(o.Runtime, o.CRIEndpoint)
	case o.APIPort < 0 || o.APIPort > 65535:
		return fmt.Errorf("--api-port: %d is not a port", o.APIPort)
	}
	return nil
}

// RuntimeVersion is a program's version as a container runtime has to give it, which kubelets parse.
func RuntimeVersion(program string) string {
	v := strings.TrimPrefix(program, "v")
	if _, err := version.ParseSemantic(v); err != nil {
		return "0.0.0-dev"
	}
	return v
}

// maxNodes bounds the kubelets of one process: each has watches, leases and goroutines of its own.
const maxNodes = 100

// Server is a running cluster.
type Server struct {
	o         Options
	began     time.Time
	state     *stateDir
	pki       *pki
	etcd      *etcd
	client    *clientv3.Client
	admin     connection
	address   string // https://127.0.0.1:PORT
	health    *health
	log       *logs
	cluster   *cluster.Cluster
	control   *control
	network   *podnet.Network
	nodes     nodeSet
	catalogue node.Catalogue
	traffic   atomic.Pointer[services.Controller] // nil until the network is in step with Services

	restoreStderr func() error // nil where it was not diverted
	apiServerArgs []string     // valid once apiReady is closed

	etcdReady chan struct{} // closed by startEtcd when etcd serves
	apiReady  chan struct{} // closed by the API server's post-start hook when it serves
	ready     chan struct{} // closed by supervise when every component is ready
	stopping  chan struct{} // closed by Stop
	done      chan struct{} // closed by supervise when all has stopped
	failed    chan error    // capacity 1: the first failure; written by fail, read by supervise
	stopOnce  sync.Once
	err       error // why it stopped by itself; written before done is closed
}

// Start returns when etcd serves, so that all that can be wrong with the data directory, the ports and the data has been
// reported by then; the rest starts behind it, see Ready and Done. ctx bounds the start only.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	if err := o.validate(); err != nil {
		return nil, &OptionsError{err}
	}
	catalogue, err := ReadCatalogue(o.Catalogue)
	if err != nil {
		return nil, &OptionsError{err}
	}
	if err := scheduler.CheckConfig(o.SchedulerConfig); err != nil {
		return nil, &OptionsError{fmt.Errorf("--scheduler-config: %w", err)}
	}
	if err := node.Prepare(); err != nil {
		return nil, err
	}
	s := &Server{o: o, catalogue: catalogue, began: time.Now(), failed: make(chan error, 1), network: podnet.New()}
	s.nodes.specs, s.nodes.running, s.nodes.off, s.nodes.leave = map[string]NodeSpec{}, map[string]*node.Node{}, map[string]chan struct{}{}, map[string]func() <-chan struct{}{}
	for _, c := range []*chan struct{}{&s.etcdReady, &s.apiReady, &s.ready, &s.stopping, &s.done} {
		*c = make(chan struct{})
	}
	if o.Ephemeral {
		if s.o.DataDir, err = os.MkdirTemp("", "podarium-"); err != nil {
			return nil, err
		}
	}
	if s.state, err = openStateDir(s.o.DataDir); err != nil {
		return nil, err
	}
	s.o.DataDir = s.state.path
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	simulate, err := s.chooseSimulated()
	if err != nil {
		return nil, err
	}
	set := s.state.loadSettings()
	s.health = newHealth(s.began, set.nodes(o.Nodes), simulate)
	if s.log, err = openLogs(s.logFile(), o.Verbosity, s.fail); err != nil {
		return nil, err
	}
	if o.DivertStderr {
		if s.restoreStderr, err = divertStderr(filepath.Join(filepath.Dir(s.logFile()), "stderr.log")); err != nil {
			return nil, err
		}
	}
	if s.pki, err = openPKI(s.state.file("pki")); err != nil {
		return nil, err
	}
	listener, err := s.listen()
	if err != nil {
		return nil, err
	}
	s.address = "https://" + listener.Addr().String()
	if err := os.MkdirAll(s.state.file("kubeconfig"), 0o700); err != nil {
		return nil, err
	}
	if s.admin, err = s.connect("admin", adminUser); err != nil {
		return nil, err
	}
	if s.client, err = newEtcdClient(s.state.etcdSocket()); err != nil {
		return nil, err
	}
	s.cluster, err = cluster.New(cluster.Options{
		Name: clusterName(o), Config: s.admin.config, Etcd: s.client, Status: s.Status, StopsWithProcess: true, Disposable: true,
		Access:      access(s.admin.file),
		EtcdHistory: s.state.file(etcdHistory), Traffic: s.Traffic, Sandboxes: s.Sandboxes, Nodes: s.machines(),
	})
	if err != nil {
		return nil, err
	}
	return s, s.launch(ctx, listener)
}

// ReadCatalogue reads a file that says what images are; an empty name gives none.
func ReadCatalogue(file string) (node.Catalogue, error) {
	if file == "" {
		return node.Catalogue{}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return node.Catalogue{}, fmt.Errorf("--catalogue: %w", err)
	}
	c, err := node.ParseCatalogue(data)
	if err != nil {
		return node.Catalogue{}, fmt.Errorf("--catalogue: %s: %w", file, err)
	}
	return c, nil
}

func clusterName(o Options) string {
	if o.Ephemeral {
		return "ephemeral"
	}
	return filepath.Base(o.DataDir)
}

func (s *Server) logFile() string {
	if s.o.LogFile != "" {
		return s.o.LogFile
	}
	return s.state.file("podarium.log")
}

// listen opens the API port: the one asked for, or else the last run's, so that kubeconfigs stay good over a restart.
func (s *Server) listen() (net.Listener, error) {
	port := s.o.APIPort
	if port == 0 {
		port = s.state.loadSettings().APIPort
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil && s.o.APIPort == 0 {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("API port: %w: choose another with --api-port, or leave it out for any free one", err)
	}
	return l, s.state.update(func(set *settings) error {
		set.APIPort = l.Addr().(*net.TCPAddr).Port
		return nil
	})
}

func (s *Server) connect(name string, id identity) (connection, error) {
	return s.pki.connect(s.state.file("kubeconfig"), name, s.address, id)
}

// Cluster is what front ends talk to.
func (s *Server) Cluster() *cluster.Cluster { return s.cluster }

// Ready is closed when every component is ready.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Done is closed when the cluster has stopped, by Stop or by itself; Err then says why.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is why the cluster stopped by itself, nil after Stop. It is valid once Done is closed.
func (s *Server) Err() error { return s.err }

// LogFile is where the log of everything in the process goes.
func (s *Server) LogFile() string { return s.logFile() }
