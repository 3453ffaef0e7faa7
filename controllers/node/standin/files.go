package standin

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/node/containers"
)

// files is a container's file system: a directory of its own, with volumes mounted into it. Paths are the container's,
// with slashes. Every access goes through an os.Root, so that neither .. nor a symbolic link leads out of it.
type files struct {
	dir    string
	mounts []*runtimeapi.Mount // longest path first
	spec   containers.Spec
	began  time.Time

	once sync.Once
	err  error

	mu    sync.Mutex
	roots map[string]*os.Root
}

func newFiles(c containers.Spec) *files {
	ms := append([]*runtimeapi.Mount(nil), c.Mounts...)
	sort.SliceStable(ms, func(i, j int) bool { return len(ms[i].ContainerPath) > len(ms[j].ContainerPath) })
	return &files{dir: filepath.Join(c.Dir, "rootfs"), mounts: ms, spec: c, began: time.Now(), roots: map[string]*os.Root{}}
}

// prepare makes the directories that every image has. Containers that never look at their files have none.
func (f *files) prepare() error {
	f.once.Do(func() {
		for _, d := range []string{"bin", "data", "dev", "etc", "home", "opt", "proc", "root", "run", "srv", "tmp", "usr/bin", "usr/local/bin", "usr/share", "var/cache", "var/lib", "var/log", "var/run"} {
			if f.err = os.MkdirAll(filepath.Join(f.dir, filepath.FromSlash(d)), 0o700); f.err != nil {
				return
			}
		}
		if f.err = os.MkdirAll(filepath.Join(f.dir, filepath.FromSlash(path.Clean("/"+f.spec.WorkingDir))), 0o700); f.err != nil {
			return
		}
		for name, text := range map[string]string{
			"hostname": f.spec.Hostname + "\n", "os-release": "NAME=podarium\nPRETTY_NAME=\"podarium stand-in\"\n",
			"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n", "resolv.conf": f.resolvConf(),
		} {
			if f.err = os.WriteFile(filepath.Join(f.dir, "etc", name), []byte(text), 0o600); f.err != nil {
				return
			}
		}
		for _, m := range f.mounts { // so that they are seen in a listing
			if f.err = os.MkdirAll(filepath.Join(f.dir, filepath.FromSlash(path.Dir(path.Clean(m.ContainerPath)))), 0o700); f.err != nil {
				return
			}
		}
	})
	return f.err
}

func (f *files) resolvConf() string {
	var b strings.Builder
	if d := f.spec.DNS; d != nil {
		if len(d.Searches) > 0 {
			fmt.Fprintf(&b, "search %s\n", strings.Join(d.Searches, " "))
		}
		for _, s := range d.Servers {
			fmt.Fprintf(&b, "nameserver %s\n", s)
		}
		if len(d.Options) > 0 {
			fmt.Fprintf(&b, "options %s\n", strings.Join(d.Options, " "))
		}
	}
	return b.String()
}

var errReadOnly = errors.New("read-only file system")

// locate finds the root of a path and the path within it.
func (f *files) locate(p string, write bool) (root *os.Root, rel string, err error) {
	if err := f.prepare(); err != nil {
		return nil, "", err
	}
	p = path.Clean("/" + p)
	base, rel := f.dir, strings.TrimPrefix(p, "/")
	own := true
	for _, m := range f.mounts {
		at := path.Clean(m.ContainerPath)
		if p != at && !strings.HasPrefix(p, at+"/") {
			continue
		}
		if m.Readonly && write {
			return nil, "", errReadOnly
		}
		own = false
		base, rel = m.HostPath, strings.TrimPrefix(strings.TrimPrefix(p, at), "/")
		break
	}
	if own && write && f.spec.ReadOnly {
		return nil, "", errReadOnly
	}
	if info, err := os.Stat(base); err == nil && !info.IsDir() { // a single file is mounted
		base, rel = filepath.Dir(base), filepath.Base(base)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if root = f.roots[base]; root == nil {
		if root, err = os.OpenRoot(base); err != nil {
			return nil, "", err
		}
		f.roots[base] = root
	}
	if rel == "" {
		rel = "."
	}
	return root, filepath.FromSlash(rel), nil
}

// close gives the open directories back.
func (f *files) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.roots {
		_ = r.Close()
	}
	clear(f.roots)
}

// named puts the container's path into an error in place of the host's.
func named(p string, err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: "open", Path: p, Err: err}
}

func (f *files) open(p string, flag int, perm fs.FileMode) (io.ReadWriteCloser, error) {
	if d := device(p); d != nil {
		return d, nil
	}
	if flag == os.O_RDONLY {
		if b := f.virtual(p); b != nil {
			return readOnlyFile{bytes.NewReader(b)}, nil
		}
	}
	root, rel, err := f.locate(p, flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) != 0)
	if err != nil {
		return nil, named(p, err)
	}
	file, err := root.OpenFile(rel, flag, perm)
	if err != nil {
		return nil, named(p, err)
	}
	return file, nil
}

func (f *files) readFile(p string) ([]byte, error) {
	r, err := f.open(p, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (f *files) stat(p string, follow bool) (fs.FileInfo, error) {
	root, rel, err := f.locate(p, false)
	if err != nil {
		return nil, named(p, err)
	}
	var info fs.FileInfo
	if follow {
		info, err = root.Stat(rel)
	} else {
		info, err = root.Lstat(rel)
	}
	return info, named(p, err)
}

func (f *files) readDir(p string) ([]fs.DirEntry, error) {
	root, rel, err := f.locate(p, false)
	if err != nil {
		return nil, named(p, err)
	}
	d, err := root.Open(rel)
	if err != nil {
		return nil, named(p, err)
	}
	defer d.Close()
	es, err := d.ReadDir(-1)
	if err != nil {
		return nil, named(p, err)
	}
	// Mount points need not be in the directory that they are mounted in, and hide what is there.
	here := path.Clean("/" + p)
	for _, m := range f.mounts {
		at := path.Clean(m.ContainerPath)
		if path.Dir(at) != here {
			continue
		}
		if info, err := os.Stat(m.HostPath); err == nil {
			es = slices.DeleteFunc(es, func(e fs.DirEntry) bool { return e.Name() == path.Base(at) })
			es = append(es, mountPoint{fs.FileInfoToDirEntry(info), path.Base(at)})
		}
	}
	sort.Slice(es, func(i, j int) bool { return es[i].Name() < es[j].Name() })
	return es, nil
}

type mountPoint struct {
	fs.DirEntry
	name string
}

func (m mountPoint) Name() string { return m.name }

// change runs something that writes at a path.
func (f *files) change(p string, do func(root *os.Root, rel string) error) error {
	root, rel, err := f.locate(p, true)
	if err == nil {
		err = do(root, rel)
	}
	return named(p, err)
}

// devices are the ones that scripts use.
type nullDevice struct{ zero bool }

func (d nullDevice) Read(b []byte) (int, error) {
	if !d.zero {
		return 0, io.EOF
	}
	clear(b)
	return len(b), nil
}
func (nullDevice) Write(b []byte) (int, error) { return len(b), nil }
func (nullDevice) Close() error                { return nil }

func device(p string) io.ReadWriteCloser {
	switch path.Clean("/" + p) {
	case "/dev/null":
		return nullDevice{}
	case "/dev/zero":
		return nullDevice{zero: true}
	case "/dev/random", "/dev/urandom":
		return randomDevice{}
	}
	return nil
}

// randomDevice gives as many random bytes as are asked for.
type randomDevice struct{ nullDevice }

func (randomDevice) Read(b []byte) (int, error) { return rand.Read(b) }
