package remote

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/node/criserver"
	"github.com/podarium/podarium/controllers/node/standin"
	"github.com/podarium/podarium/controllers/podnet"
)

func TestCheckEndpoint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for endpoint, want := range map[string]string{
		"/run/containerd/containerd.sock": "it is written as unix:///run/containerd/containerd.sock",
		"tcp://127.0.0.1:1":               "it is written as unix://",
		"unix://":                         "it is written as unix://",
		"unix://" + file + ".sock":        "there is no such socket: start the container runtime",
		"unix://" + file:                  "this is no socket",
	} {
		if err := CheckEndpoint(endpoint); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", endpoint, err, want)
		}
	}
}

// runtime makes a runtime of stand-ins.
func runtime(t *testing.T, network *podnet.Network, name string) (*containers.Runtime, *containers.Images) {
	t.Helper()
	catalogue, err := standin.Default()
	if err != nil {
		t.Fatal(err)
	}
	subnet, err := network.Subnet(name)
	if err != nil {
		t.Fatal(err)
	}
	engine := standin.New(network, name, catalogue)
	images := containers.NewImages(engine.Pull)
	r, err := containers.New(containers.Options{
		Name: name, Version: "1.0.0", Dir: filepath.Join(t.TempDir(), name), Network: network, Subnet: subnet, Engine: engine,
		Handlers: map[string]containers.Engine{"standin": engine, "runc": engine}, Images: images,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) }) // the test is over
	return r, images
}

// Two nodes and somebody else share one runtime, and see and end nothing but their own.
func TestSharedRuntime(t *testing.T) {
	ctx := t.Context()
	dir, err := os.MkdirTemp("", "cri-") // short: the path of a socket may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	endpoint := "unix://" + filepath.Join(dir, "s")
	far, farImages := runtime(t, podnet.New(), "far")
	serving := make(chan struct{})
	go func() { _ = criserver.Serve(ctx, endpoint, far, farImages, func() { close(serving) }) }() // ends with the test
	<-serving
	connect := func(name string, own bool) (*Runtime, *Images) {
		network := podnet.New()
		local, images := runtime(t, network, name)
		r, i, err := Connect(ctx, Options{Endpoint: endpoint, Owner: name, Own: own, Local: local, LocalImages: images, Handlers: []string{"standin"}, Network: network})
		if err != nil {
			t.Fatal(err)
		}
		return r, i
	}
	a, aImages := connect("a", false)
	b, _ := connect("b", true)
	pod := func(r internalapi.RuntimeService, name, handler string) string {
		t.Helper()
		id, err := r.RunPodSandbox(ctx, &runtimeapi.PodSandboxConfig{
			Metadata: &runtimeapi.PodSandboxMetadata{Name: name, Namespace: "default", Uid: name}, LogDirectory: t.TempDir(),
		}, handler)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	there := pod(a, "a-there", Handler)
	named := pod(a, "a-runc", "runc")
	here := pod(a, "a-here", "")
	pod(b, "b-there", "")
	pod(b, "b-here", "standin")
	pod(far, "somebody-else", "")
	for id, remote := range map[string]bool{there: true, named: true, here: false} {
		if a.Has(id) == remote {
			t.Errorf("sandbox %s is remote: %t", id, !remote)
		}
	}
	names := func(r internalapi.RuntimeService) string {
		list, err := r.ListPodSandbox(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, want := range []string{"a-there", "a-runc", "a-here", "b-there", "b-here", "somebody-else"} {
			for _, s := range list {
				if s.Metadata.Name == want {
					out = append(out, want)
				}
			}
		}
		return strings.Join(out, " ")
	}
	if got := names(a); got != "a-there a-runc a-here" {
		t.Errorf("a sees %s", got)
	}
	if got := names(b); got != "b-there b-here" {
		t.Errorf("b sees %s", got)
	}
	s, err := a.PodSandboxStatus(ctx, there, false)
	if err != nil || s.Status.Network.Ip == "" || len(a.addresses) != 1 {
		t.Errorf("the status of a remote sandbox is %v, %v, addresses %v", s, err, a.addresses)
	}

	// An image is where its handler leads.
	if _, err := aImages.PullImage(ctx, &runtimeapi.ImageSpec{Image: "nginx", RuntimeHandler: Handler}, nil, nil); err != nil {
		t.Fatal(err)
	}
	for handler, present := range map[string]bool{Handler: true, "": false} {
		i, err := aImages.ImageStatus(ctx, &runtimeapi.ImageSpec{Image: "nginx", RuntimeHandler: handler}, false)
		if err != nil || (i.Image != nil) != present {
			t.Errorf("the image for %q is %v, %v", handler, i, err)
		}
	}

	if err := a.Close(ctx); err != nil {
		t.Error(err)
	}
	if got := names(far); got != "b-there somebody-else" {
		t.Errorf("after a has ended there are %s", got)
	}
}
