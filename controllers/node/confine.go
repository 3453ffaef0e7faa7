package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
	"k8s.io/kubernetes/pkg/volume/util/subpath"
	"k8s.io/mount-utils"
)

// legacyLogs is where a kubelet links its containers' logs for old log collectors
// (pkg/kubelet/kuberuntime/legacy.go, a constant). Here these links are not made.
const legacyLogs = "/var/log/containers"

// confinedOS is what a kubelet may do to files: anything below root, nothing elsewhere.
type confinedOS struct {
	kubecontainer.RealOS
	root string
}

// inside says whether a path is the kubelet's; quiet is for what it does without need.
func (c confinedOS) inside(path string) (ok, quiet bool) {
	path = filepath.Clean(path)
	if path == c.root || strings.HasPrefix(path, c.root+string(filepath.Separator)) {
		return true, false
	}
	return false, path == legacyLogs || strings.HasPrefix(path, legacyLogs+"/")
}

// check gives the error for a path outside; skip says that the call is to do nothing.
func (c confinedOS) check(op, path string) (skip bool, err error) {
	ok, quiet := c.inside(path)
	if ok || quiet {
		return quiet, nil
	}
	return true, &os.PathError{Op: op, Path: path, Err: fmt.Errorf("outside of the node's directory %s: %w", c.root, os.ErrPermission)}
}

func (c confinedOS) MkdirAll(path string, perm os.FileMode) error {
	if skip, err := c.check("mkdir", path); skip {
		return err
	}
	return os.MkdirAll(path, perm)
}

func (c confinedOS) Symlink(oldname, newname string) error {
	if skip, err := c.check("symlink", newname); skip {
		return err
	}
	return os.Symlink(oldname, newname)
}

func (c confinedOS) Remove(path string) error {
	if skip, err := c.check("remove", path); skip {
		return err
	}
	return os.Remove(path)
}

func (c confinedOS) RemoveAll(path string) error {
	if skip, err := c.check("remove", path); skip {
		return err
	}
	return os.RemoveAll(path)
}

func (c confinedOS) Create(path string) (*os.File, error) {
	if ok, _ := c.inside(path); !ok {
		_, err := c.check("create", path)
		return nil, err
	}
	return os.Create(path)
}

func (c confinedOS) OpenFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	if ok, _ := c.inside(path); !ok && flag != os.O_RDONLY {
		_, err := c.check("open", path)
		return nil, err
	}
	return os.OpenFile(path, flag, perm)
}

func (c confinedOS) Chmod(path string, perm os.FileMode) error {
	if skip, err := c.check("chmod", path); skip {
		return err
	}
	return os.Chmod(path, perm)
}

func (c confinedOS) Chtimes(path string, atime, mtime time.Time) error {
	if skip, err := c.check("chtimes", path); skip {
		return err
	}
	return os.Chtimes(path, atime, mtime)
}

func (c confinedOS) Rename(oldpath, newpath string) error {
	for _, p := range []string{oldpath, newpath} {
		if skip, err := c.check("rename", p); skip {
			return err
		}
	}
	return os.Rename(oldpath, newpath)
}

func (c confinedOS) Glob(pattern string) ([]string, error) {
	if ok, _ := c.inside(pattern); !ok {
		return nil, nil // what is found is going to be deleted
	}
	return filepath.Glob(pattern)
}

// noMounts is a mounter for volumes that are plain directories: there is nothing to mount.
type noMounts struct{}

var _ mount.Interface = noMounts{}

func (noMounts) Mount(string, string, string, []string) error                     { return nil }
func (noMounts) MountSensitive(_, _, _ string, _, _ []string) error               { return nil }
func (noMounts) MountSensitiveWithoutSystemd(_, _, _ string, _, _ []string) error { return nil }
func (noMounts) MountSensitiveWithoutSystemdWithMountFlags(_, _, _ string, _, _, _ []string) error {
	return nil
}
func (noMounts) Unmount(string) error                  { return nil }
func (noMounts) List() ([]mount.MountPoint, error)     { return nil, nil }
func (noMounts) CanSafelySkipMountPointCheck() bool    { return true }
func (noMounts) GetMountRefs(string) ([]string, error) { return nil, nil }

func (noMounts) IsMountPoint(path string) (bool, error) {
	_, err := os.Stat(path)
	return false, err
}

func (noMounts) IsLikelyNotMountPoint(path string) (bool, error) {
	_, err := os.Stat(path)
	return true, err
}

// hostUtil is the host's, but for what needs mounts.
type hostUtil struct{ *hostutil.HostUtil }

func (hostUtil) MakeRShared(string) error                      { return nil }
func (hostUtil) GetSELinuxSupport(string) (bool, error)        { return false, nil }
func (hostUtil) GetSELinuxMountContext(string) (string, error) { return "", nil }
func (hostUtil) DeviceOpened(string) (bool, error)             { return false, nil }
func (hostUtil) EvalHostSymlinks(path string) (string, error)  { return filepath.EvalSymlinks(path) }

// subPaths serves volumeMounts with a subPath as directories, without the bind mounts that a kubelet guards them with.
// No symbolic link may lead out of the volume.
type subPaths struct{}

var _ subpath.Interface = subPaths{}

func (subPaths) CleanSubPaths(string, string) error { return nil }

func (subPaths) PrepareSafeSubpath(s subpath.Subpath) (string, func(), error) {
	root, err := filepath.EvalSymlinks(s.VolumePath)
	if err != nil {
		return "", nil, fmt.Errorf("volume %s: %w", s.VolumeName, err)
	}
	path, err := filepath.EvalSymlinks(s.Path)
	if err != nil {
		return "", nil, fmt.Errorf("volume %s: %w", s.VolumeName, err)
	}
	if path != root && !strings.HasPrefix(path, root+string(filepath.Separator)) {
		return "", nil, fmt.Errorf("volume %s: sub-path %s leads out of the volume", s.VolumeName, s.Path)
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return s.Path, nil, err
	}
	// A file stays the one that it was when the container was made, as with a bind mount: that of a ConfigMap does not follow it.
	at := filepath.Join(s.PodDir, subPathsDir, s.VolumeName, s.ContainerName, strconv.Itoa(s.VolumeMountIndex))
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o750), os.RemoveAll(at)); err != nil {
		return "", nil, fmt.Errorf("volume %s: %w", s.VolumeName, err)
	}
	if err := os.Link(path, at); err != nil {
		return s.Path, nil, nil // the volume is on another file system: the file itself will do
	}
	return at, nil, nil
}

// subPathsDir is where a kubelet keeps what is mounted of a Pod's sub-paths (pkg/volume/util/subpath/subpath.go).
const subPathsDir = "volume-subpaths"

func (subPaths) SafeMakeDir(sub, base string, perm os.FileMode) error {
	root, err := os.OpenRoot(base)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.MkdirAll(filepath.Clean(sub), perm.Perm()) // the kubelet gives the mode of a directory
}
