package remote

import (
	"context"

	"google.golang.org/protobuf/proto"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/node/containers"
)

// Images is the image service of such a node. A kubelet says with an image for which handler it is (feature gate
// RuntimeClassInImageCriApi). Images of the remote runtime are not removed: others may use them.
type Images struct {
	*containers.Images
	runtime *Runtime
	remote  internalapi.ImageManagerService
}

var _ internalapi.ImageManagerService = (*Images)(nil)

// there gives the image as the remote runtime is asked for it, and whether it is.
func (i *Images) there(image *runtimeapi.ImageSpec) (*runtimeapi.ImageSpec, bool) {
	handler, remote := i.runtime.isRemote(image.GetRuntimeHandler())
	if !remote {
		return image, false
	}
	image = proto.CloneOf(image)
	image.RuntimeHandler = handler
	return image, true
}

// ListImages lists those of both runtimes.
func (i *Images) ListImages(ctx context.Context, f *runtimeapi.ImageFilter) ([]*runtimeapi.Image, error) {
	here, err := i.Images.ListImages(ctx, f)
	if err != nil {
		return nil, err
	}
	there, err := i.remote.ListImages(ctx, f)
	return append(here, there...), err
}

// ImageStatus describes an image; Image is nil where it is not present.
func (i *Images) ImageStatus(ctx context.Context, image *runtimeapi.ImageSpec, verbose bool) (*runtimeapi.ImageStatusResponse, error) {
	if spec, remote := i.there(image); remote {
		return i.remote.ImageStatus(ctx, spec, verbose)
	}
	return i.Images.ImageStatus(ctx, image, verbose)
}

// PullImage makes an image present.
func (i *Images) PullImage(ctx context.Context, image *runtimeapi.ImageSpec, auth *runtimeapi.AuthConfig, sandbox *runtimeapi.PodSandboxConfig) (string, error) {
	if spec, remote := i.there(image); remote {
		return i.remote.PullImage(ctx, spec, auth, sandbox)
	}
	return i.Images.PullImage(ctx, image, auth, sandbox)
}

// Close ends the connection.
func (i *Images) Close(ctx context.Context) error { return i.remote.Close(ctx) }
