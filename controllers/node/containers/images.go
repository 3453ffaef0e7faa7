package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Images is the image service of one node. There is nothing to download: an image is present once it has been pulled.
type Images struct {
	// Pull says what pulling an image costs, or why it fails.
	pull func(ctx context.Context, image string) (Pulled, error)

	mu     sync.Mutex
	pulled map[string]*runtimeapi.Image // by ID
}

var _ internalapi.ImageManagerService = (*Images)(nil)

// Pulled is what one learns of an image by pulling it.
type Pulled struct {
	// Size is in bytes.
	Size uint64
	// User is who the image's containers run as where the Pod does not say; 0 is refused where it wants no root.
	User int64
}

// NewImages makes an image service without images. pull is asked before an image becomes present; it may take its time.
func NewImages(pull func(ctx context.Context, image string) (Pulled, error)) *Images {
	return &Images{pull: pull, pulled: map[string]*runtimeapi.Image{}}
}

// imageID is the same for the same name on every node, as with a real image.
func imageID(name string) string {
	if strings.HasPrefix(name, "sha256:") {
		return name
	}
	sum := sha256.Sum256([]byte(normal(name)))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// normal gives an image name the registry and tag that it has when they are left out.
func normal(name string) string {
	first, rest, found := strings.Cut(name, "/")
	switch {
	case !found:
		name = "docker.io/library/" + name
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		name = "docker.io/" + first + "/" + rest
	}
	if last := name[strings.LastIndexByte(name, '/')+1:]; !strings.ContainsAny(last, ":@") {
		name += ":latest"
	}
	return name
}

// ListImages lists what has been pulled.
func (i *Images) ListImages(_ context.Context, f *runtimeapi.ImageFilter) ([]*runtimeapi.Image, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if want := f.GetImage().GetImage(); want != "" {
		if img := i.pulled[imageID(want)]; img != nil {
			return []*runtimeapi.Image{img}, nil
		}
		return nil, nil
	}
	out := make([]*runtimeapi.Image, 0, len(i.pulled))
	for _, img := range i.pulled {
		out = append(out, img)
	}
	return out, nil
}

// ImageStatus describes an image; Image is nil where it is not present.
func (i *Images) ImageStatus(_ context.Context, image *runtimeapi.ImageSpec, _ bool) (*runtimeapi.ImageStatusResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return &runtimeapi.ImageStatusResponse{Image: i.pulled[imageID(image.GetImage())]}, nil
}

// PullImage makes an image present.
func (i *Images) PullImage(ctx context.Context, image *runtimeapi.ImageSpec, _ *runtimeapi.AuthConfig, _ *runtimeapi.PodSandboxConfig) (string, error) {
	name := image.GetImage()
	if name == "" {
		return "", status.Error(codes.InvalidArgument, "image without a name")
	}
	pulled, err := i.pull(ctx, name)
	if err != nil {
		return "", err
	}
	id := imageID(name)
	img := &runtimeapi.Image{
		Id: id, Size: pulled.Size, Spec: &runtimeapi.ImageSpec{Image: name}, Uid: &runtimeapi.Int64Value{Value: pulled.User},
	}
	n := normal(name)
	if strings.Contains(n, "@") {
		img.RepoDigests = []string{n}
	} else {
		repo := n[:strings.LastIndexByte(n, ':')]
		img.RepoTags, img.RepoDigests = []string{n}, []string{repo + "@" + id}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.pulled[id] = img
	return id, nil
}

// RemoveImage forgets an image.
func (i *Images) RemoveImage(_ context.Context, image *runtimeapi.ImageSpec) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.pulled, imageID(image.GetImage()))
	return nil
}

// ImageFsInfo reports no file system: images take no room.
func (i *Images) ImageFsInfo(context.Context) (*runtimeapi.ImageFsInfoResponse, error) {
	fs := &runtimeapi.FilesystemUsage{
		Timestamp: time.Now().UnixNano(), FsId: &runtimeapi.FilesystemIdentifier{},
		UsedBytes: &runtimeapi.UInt64Value{}, InodesUsed: &runtimeapi.UInt64Value{},
	}
	return &runtimeapi.ImageFsInfoResponse{ImageFilesystems: []*runtimeapi.FilesystemUsage{fs}}, nil
}

// Close does nothing.
func (i *Images) Close(context.Context) error { return nil }
