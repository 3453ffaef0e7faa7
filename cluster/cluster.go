// Package cluster is what every front end talks to: one Kubernetes cluster, and the etcd under it where that can be reached.
//
// It is light: it knows clients, discovery and health, and nothing of how the cluster came to run. Package
// cluster/embedded makes a Cluster that runs in this process, package cluster/attached one from a kubeconfig.
// A Cluster is safe for use by several goroutines. None of its constructors connects: the first call does.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// Options says what a Cluster is made of.
type Options struct {
	// Name is shown in the header: a context name, or the name of the data directory.
	Name string
	// Access is how other programs reach the cluster; a part that is not known is empty.
	Access Access
	// Config reaches the API server. New copies it; QPS limits are removed where the caller left them unset.
	Config *rest.Config
	// Etcd reaches the cluster's etcd. Nil where it cannot be reached: the etcd screens then say so.
	Etcd *clientv3.Client
	// EtcdPrefix is where the API server keeps its objects; empty means /registry, and with EtcdOnly any that is in common use.
	EtcdPrefix string
	// EtcdDecrypter reads values of etcd that are encrypted at rest (package etcdview/decrypt); nil leaves them labelled.
	EtcdDecrypter Decrypter
	// EtcdHistory is the directory where the history of etcd is recorded beyond compaction; empty where nobody records.
	EtcdHistory string
	// EtcdOperations is the directory where what is done to etcd is recorded; empty for the user's cache directory, and with
	// a disposable cluster for the one that its history lies in.
	EtcdOperations string
	// Status reports the health of each component. Nil: it is derived from the API server's own /readyz.
	Status func(context.Context) (Status, error)
	// Traffic counts the connections of Services. Nil: nobody counts them.
	Traffic func(context.Context) ([]ServiceTraffic, error)
	// Sandboxes lists what the Pods' containers share. Nil: nobody tells of them.
	Sandboxes func(context.Context) ([]Sandbox, error)
	// Nodes is what can be done to the cluster's machines. Nil: they are not podarium's.
	Nodes Nodes
	// StopsWithProcess says that quitting this process stops the cluster, so that a front end asks first.
	StopsWithProcess bool
	// ReadOnly refuses every change (package cluster/change checks it, once).
	ReadOnly bool
	// ReadOnlyForGood says that ReadOnly cannot be lifted while the cluster is open.
	ReadOnlyForGood bool
	// Disposable says that the cluster is podarium's own, so that changes need no guard beyond the preview.
	Disposable bool
	// EtcdOnly says that there is no API server, only an etcd.
	EtcdOnly bool
	// EtcdFile is the snapshot or database that Etcd serves, where it is no running etcd: nothing in it will change.
	EtcdFile string
	// EtcdWrites lets etcd itself be changed from a front end: compacted, defragmented, written to. A disposable cluster's
	// always may be, one that is ReadOnly never.
	EtcdWrites bool
	// EtcdRegistryWrites lets keys be written under EtcdPrefix, past the API server with all its checks.
	EtcdRegistryWrites bool
}

// Access is how another program, kubectl for one, reaches the cluster as podarium does.
type Access struct {
	// Kubeconfig is one file, or several as in KUBECONFIG; Context, Cluster and User are names in it.
	Kubeconfig, Context, Cluster, User string
	// Namespace is the one that the context names; empty where it names none.
	Namespace string
	// Groups are those that are acted in.
	Groups []string
}

// Cluster is one Kubernetes cluster.
type Cluster struct {
	readOnly atomic.Bool
	o        Options
	config   *rest.Config
	kube     kubernetes.Interface
	dyn      dynamic.Interface

	discovery discovery.CachedDiscoveryInterface
	mapper    *restmapper.DeferredDiscoveryRESTMapper
}

// New makes a Cluster of its parts. It does not connect.
func New(o Options) (*Cluster, error) {
	if o.Config == nil {
		return nil, fmt.Errorf("cluster %q: no client configuration", o.Name)
	}
	if o.EtcdPrefix == "" && !o.EtcdOnly {
		o.EtcdPrefix = "/registry"
	}
	c := rest.CopyConfig(o.Config)
	if c.QPS == 0 {
		c.QPS = -1 // the server's priority and fairness limits clients better than they limit themselves
	}
	if c.UserAgent == "" {
		c.UserAgent = "podarium"
	}
	kube, err := kubernetes.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", o.Name, err)
	}
	dyn, err := dynamic.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", o.Name, err)
	}
	d := memory.NewMemCacheClient(kube.Discovery())
	made := &Cluster{o: o, config: c, kube: kube, dyn: dyn, discovery: d, mapper: restmapper.NewDeferredDiscoveryRESTMapper(d)}
	made.readOnly.Store(o.ReadOnly)
	return made, nil
}

// Name is what the header shows.
func (c *Cluster) Name() string { return c.o.Name }

// Config is a copy of the client configuration.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Kubernetes is the typed client.
func (c *Cluster) Kubernetes() kubernetes.Interface { return c.kube }

// Dynamic is the client for any kind.
func (c *Cluster) Dynamic() dynamic.Interface { return c.dyn }

// Discovery is the cached list of what the server serves. Invalidate it when a kind is missing.
func (c *Cluster) Discovery() discovery.CachedDiscoveryInterface { return c.discovery }

// Mapper maps kinds to resources by Discovery.
func (c *Cluster) Mapper() *restmapper.DeferredDiscoveryRESTMapper { return c.mapper }

// Etcd is the client of the etcd under the cluster, nil where that is out of reach.
func (c *Cluster) Etcd() *clientv3.Client { return c.o.Etcd }

// EtcdPrefix is where the API server keeps its objects in etcd, without a trailing slash; empty where that is not known, so
// that it may be any in common use.
func (c *Cluster) EtcdPrefix() string { return c.o.EtcdPrefix }

// Decrypter is what package etcdview/decode takes to read encrypted values with.
type Decrypter interface {
	Decrypt(ctx context.Context, key string, value []byte) (plain []byte, stale bool, err error)
}

// EtcdDecrypter reads encrypted values, nil where no key was given.
func (c *Cluster) EtcdDecrypter() Decrypter { return c.o.EtcdDecrypter }

// EtcdHistory is the directory of package etcdview/recorder, empty where nobody records.
func (c *Cluster) EtcdHistory() string { return c.o.EtcdHistory }

// EtcdOperations is the directory where what is done to etcd is recorded, empty for the user's cache directory.
func (c *Cluster) EtcdOperations() string {
	if c.o.EtcdOperations == "" && c.o.Disposable && c.o.EtcdHistory != "" {
		return filepath.Dir(c.o.EtcdHistory)
	}
	return c.o.EtcdOperations
}

// StopsWithProcess says whether quitting this process stops the cluster.
func (c *Cluster) StopsWithProcess() bool { return c.o.StopsWithProcess }

// ReadOnly says whether changes are refused.
func (c *Cluster) ReadOnly() bool { return c.readOnly.Load() }

// ErrReadOnlyForGood is returned when a cluster that can only be looked at is to be opened for changes.
var ErrReadOnlyForGood = errors.New("this cluster was opened for looking only")

// SetReadOnly refuses changes from now on, or allows them. The error is ErrReadOnlyForGood where they cannot be allowed.
func (c *Cluster) SetReadOnly(on bool) error {
	if !on && c.o.ReadOnlyForGood {
		return ErrReadOnlyForGood
	}
	c.readOnly.Store(on)
	return nil
}

// Access is how other programs reach the cluster.
func (c *Cluster) Access() Access { return c.o.Access }

// EtcdOnly says whether there is no API server, only an etcd.
func (c *Cluster) EtcdOnly() bool { return c.o.EtcdOnly }

// EtcdFile is the snapshot or database that is shown, empty for a running etcd.
func (c *Cluster) EtcdFile() string { return c.o.EtcdFile }

// EtcdWrites says whether etcd itself may be changed.
func (c *Cluster) EtcdWrites() bool { return !c.ReadOnly() && (c.o.EtcdWrites || c.o.Disposable) }

// EtcdRegistryWrites says whether keys of the API server may be written past it.
func (c *Cluster) EtcdRegistryWrites() bool { return c.EtcdWrites() && c.o.EtcdRegistryWrites }

// Disposable says whether the cluster is podarium's own rather than one that the user attached.
func (c *Cluster) Disposable() bool { return c.o.Disposable }
