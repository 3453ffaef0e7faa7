// Package remote lets the Pods of a node run in a container runtime outside of this process, containerd or CRI-O, over its
// CRI socket, beside those that run in it.
//
// Which Pod runs where is its RuntimeClass's to say: the handler Handler is the remote runtime with its default handler, one
// that the local runtime does not know (runc, kata) is the remote runtime's of that name, and no handler is the node's own.
//
// Guarantees: what others run in the same runtime is not seen and not touched: every sandbox and container is labelled with
// the node's owner, and only those with that label are listed.
//
// Caveats: the remote runtime's network is the host's and its CNI plugin's. Its Pods are reached from the cluster (probes,
// Services, port-forward) where the host reaches their addresses; they reach the virtual network by a proxy only, which their
// environment names where the host has an address on their network, as with a bridge (see waysOut): no UDP, no cluster DNS.
// They get the host's resolv.conf.
package remote

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	cri "k8s.io/cri-client/pkg"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// Handler is the RuntimeClass handler of the remote runtime.
const Handler = "cri"

// ownerLabel is on all that belongs to a node.
const ownerLabel = "podarium.io/owner"

// connectTimeout bounds the first answer of a runtime, requestTimeout every other.
const (
	connectTimeout = 5 * time.Second
	requestTimeout = 2 * time.Minute
)

// Options are all required unless said otherwise.
type Options struct {
	// Endpoint is the runtime's socket, unix:///run/containerd/containerd.sock.
	Endpoint string
	// Owner is the node's, unlike that of every other node in the world; a label's value.
	Owner string
	// Own says that Pods without a RuntimeClass run there.
	Own bool
	// Local and LocalImages are what runs in this process, Handlers the RuntimeClass handlers that it has.
	Local       *containers.Runtime
	LocalImages *containers.Images
	Handlers    []string
	// Network is the cluster's.
	Network *podnet.Network
}

// CheckEndpoint says what is wrong with an endpoint, without connecting to it.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "unix" || u.Path == "" {
		return fmt.Errorf("%q is no endpoint of a container runtime: it is written as unix:///run/containerd/containerd.sock", endpoint)
	}
	info, err := os.Stat(u.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s: there is no such socket: start the container runtime (containerd, CRI-O), or name the socket that it has", endpoint)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: %w: the sockets of container runtimes are mostly root's", endpoint, os.ErrPermission)
	case err != nil:
		return fmt.Errorf("%s: %w", endpoint, err)
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("%s: this is no socket", endpoint)
	}
	return nil
}

// Runtime is the runtime service of a node whose Pods run in two runtimes. What it does not say otherwise is the local one's.
type Runtime struct {
	*containers.Runtime
	o      Options
	remote internalapi.RuntimeService

	mu        sync.Mutex
	addresses map[string]netip.Addr // of remote sandboxes, by ID
	out       *waysOut
}

var _ internalapi.RuntimeService = (*Runtime)(nil)

// Connect reaches the remote runtime.
func Connect(ctx context.Context, o Options) (*Runtime, *Images, error) {
	if err := CheckEndpoint(o.Endpoint); err != nil {
		return nil, nil, err
	}
	first, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	r, err := cri.NewRemoteRuntimeServiceBuilder().WithEndpoint(o.Endpoint).WithConnectionTimeout(requestTimeout).WithTracerProvider(nil).Build(first)
	if err == nil {
		_, err = r.Version(first, "v1")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: no container runtime answers there: %w", o.Endpoint, err)
	}
	images, err := cri.NewRemoteImageServiceBuilder().WithEndpoint(o.Endpoint).WithConnectionTimeout(requestTimeout).WithTracerProvider(nil).Build(first)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.Endpoint, errors.Join(err, r.Close(ctx)))
	}
	out := &Runtime{Runtime: o.Local, o: o, remote: r, addresses: map[string]netip.Addr{}, out: newWaysOut(o.Network)}
	return out, &Images{Images: o.LocalImages, runtime: out, remote: images}, nil
}

// isRemote says where a handler leads, and which one it is there.
func (r *Runtime) isRemote(handler string) (there string, remote bool) {
	switch handler {
	case "":
		return "", r.o.Own
	case Handler:
		return "", true
	}
	for _, h := range r.o.Handlers {
		if h == handler {
			return "", false
		}
	}
	return handler, true
}

// of gives the runtime that has a sandbox or a container.
func (r *Runtime) of(id string) internalapi.RuntimeService {
	if r.Runtime.Has(id) {
		return r.Runtime
	}
	return r.remote
}

// Version is the one of the node's own runtime.
func (r *Runtime) Version(ctx context.Context, v string) (*runtimeapi.VersionResponse, error) {
	if r.o.Own {
		return r.remote.Version(ctx, v)
	}
	return r.Runtime.Version(ctx, v)
}

// Status is ready where the node's own runtime is.
func (r *Runtime) Status(ctx context.Context, verbose bool) (*runtimeapi.StatusResponse, error) {
	s, err := r.Runtime.Status(ctx, verbose)
	if err != nil {
		return nil, err
	}
	s.RuntimeHandlers = append(s.RuntimeHandlers, &runtimeapi.RuntimeHandler{Name: Handler})
	if r.o.Own {
		there, err := r.remote.Status(ctx, verbose)
		if err != nil {
			return nil, err
		}
		s.Status = there.Status
	}
	return s, nil
}

// GetContainerEvents sends the events of both. A runtime that has none, as containerd before 1.7, is listed once a period.
func (r *Runtime) GetContainerEvents(ctx context.Context, events chan *runtimeapi.ContainerEventResponse, connected func(runtimeapi.RuntimeService_GetContainerEventsClient)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		all := make(chan *runtimeapi.ContainerEventResponse)
		go func() {
			for {
				select {
				case e := <-all:
					if e.GetPodSandboxStatus().GetLabels()[ownerLabel] != r.o.Owner {
						continue
					}
					select {
					case events <- e:
					case <-ctx.Done():
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}()
		err := r.remote.GetContainerEvents(ctx, all, nil)
		if ctx.Err() == nil && status.Code(err) != codes.Unimplemented {
			klog.FromContext(ctx).Error(err, "The container runtime sends no events any more: its containers are listed once a period", "endpoint", r.o.Endpoint)
		}
	}()
	return r.Runtime.GetContainerEvents(ctx, events, connected)
}

// Close ends the node's Pods in both runtimes, as a power failure does.
func (r *Runtime) Close(ctx context.Context) error {
	err := r.Runtime.Close(ctx)
	r.out.close()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	sandboxes, lerr := r.remote.ListPodSandbox(ctx, &runtimeapi.PodSandboxFilter{LabelSelector: r.owned(nil)})
	var wg sync.WaitGroup
	for _, s := range sandboxes {
		wg.Go(func() { // what is left, a kubelet that starts again finds and removes
			if r.remote.StopPodSandbox(ctx, s.Id) == nil {
				_ = r.remote.RemovePodSandbox(ctx, s.Id)
			}
		})
	}
	wg.Wait()
	return errors.Join(err, lerr, r.remote.Close(ctx))
}

// owned adds the node's own label to a selector.
func (r *Runtime) owned(selector map[string]string) map[string]string {
	out := map[string]string{ownerLabel: r.o.Owner}
	for k, v := range selector {
		out[k] = v
	}
	return out
}
