package remote

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/podarium/podarium/cluster"
)

// Progress hears how much was copied: files, and bytes of their content.
type Progress func(files int, bytes int64)

// ErrExists is returned by Download where a file is there already.
var ErrExists = errors.New("it exists already")

// LocalSize counts what Upload would copy.
func LocalSize(local string) (files int, total int64, err error) {
	err = filepath.WalkDir(local, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files++
			total += info.Size()
		}
		return err
	})
	return files, total, err
}

// Upload copies a file or a directory into a container, as kubectl cp does: by a tar that has to be in the image. Where to is a directory
// that exists, it is copied into that; files there are overwritten.
func Upload(ctx context.Context, c *cluster.Cluster, at Container, local, to string, report Progress) error {
	if _, err := os.Lstat(local); err != nil {
		return err
	}
	to = path.Clean("/" + to)
	var problems bytes.Buffer
	err := Exec(ctx, c, at, []string{"test", "-d", to}, Streams{Out: io.Discard, Err: &problems})
	if err == nil {
		to = path.Join(to, filepath.Base(filepath.Clean(local)))
	} else if _, ran := ExitCode(err); !ran {
		return err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(pack(w, local, path.Base(to), report)) }()
	defer r.Close() // ends pack where tar ends first
	problems.Reset()
	err = Exec(ctx, c, at, []string{"tar", "-xmf", "-", "-C", path.Dir(to)}, Streams{In: r, Out: io.Discard, Err: &problems})
	return tarError(err, problems.String())
}

// pack writes a file or a directory as a tar whose names begin with base.
func pack(w io.Writer, local, base string, report Progress) error {
	t := tar.NewWriter(w)
	files, total := 0, int64(0)
	err := filepath.WalkDir(local, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(p); err != nil {
				return err
			}
		} else if !info.IsDir() && !info.Mode().IsRegular() {
			return nil // a socket or device: nothing to copy
		}
		h, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(local, p)
		if err != nil {
			return err
		}
		h.Name = path.Join(base, filepath.ToSlash(rest))
		if info.IsDir() {
			h.Name += "/"
		}
		h.Uname, h.Gname = "", ""
		if err := t.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		files++
		n, err := io.Copy(t, counter{f, func(n int) { report(files, total+int64(n)) }, new(int)})
		total += n
		return err
	})
	if err != nil {
		return err
	}
	return t.Close()
}

// counter tells how much was read.
type counter struct {
	io.Reader
	tell func(int)
	n    *int
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	*c.n += n
	c.tell(*c.n)
	return n, err
}

// Download copies a file or a directory out of a container, as kubectl cp does. Where local is a directory that exists, it is copied into
// that. Nothing is written outside of it, whatever the container sends; links are left out and counted. Files that exist are an
// ErrExists unless overwrite is set.
func Download(ctx context.Context, c *cluster.Cluster, at Container, from, local string, overwrite bool, report Progress) (links int, err error) {
	from = path.Clean("/" + from)
	if info, err := os.Stat(local); err == nil && info.IsDir() || strings.HasSuffix(local, string(filepath.Separator)) {
		local = filepath.Join(local, path.Base(from))
	}
	if _, err := os.Lstat(local); err == nil && !overwrite {
		return 0, fmt.Errorf("%s: %w", local, ErrExists)
	}
	if err := os.MkdirAll(filepath.Dir(local), 0o700); err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(filepath.Dir(local))
	if err != nil {
		return 0, err
	}
	defer root.Close()
	r, w := io.Pipe()
	var problems bytes.Buffer
	ran := make(chan error, 1)
	go func() {
		err := Exec(ctx, c, at, []string{"tar", "cf", "-", from}, Streams{Out: w, Err: &problems})
		w.CloseWithError(err) // nil is io.EOF
		ran <- err
	}()
	links, err = unpack(root, r, strings.TrimPrefix(from, "/"), filepath.Base(local), report)
	r.CloseWithError(err)
	if execErr := <-ran; err == nil || execErr != nil && errors.Is(err, io.ErrUnexpectedEOF) {
		err = execErr
	}
	return links, tarError(err, problems.String())
}

// unpack writes the files of a tar whose names begin with prefix as name and below it.
func unpack(root *os.Root, r io.Reader, prefix, name string, report Progress) (links int, err error) {
	t := tar.NewReader(r)
	files, total := 0, int64(0)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			if files == 0 && links == 0 {
				return links, nil
			}
			_, err = io.Copy(io.Discard, r) // what tar pads its end with
			return links, err
		}
		if err != nil {
			return links, err
		}
		inside := path.Clean("/" + h.Name)[1:]
		rest, ok := strings.CutPrefix(inside, prefix)
		if !ok || rest != "" && !strings.HasPrefix(rest, "/") {
			return links, fmt.Errorf("the container sent %q, which was not asked for", h.Name)
		}
		to := filepath.FromSlash(path.Join(name, rest))
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(to, 0o700)
		case tar.TypeReg:
			files++
			var n int64
			n, err = unpackFile(root, to, t, h, func(n int) { report(files, total+int64(n)) })
			total += n
		case tar.TypeSymlink, tar.TypeLink:
			links++
		}
		if err != nil {
			return links, err
		}
	}
}

func unpackFile(root *os.Root, to string, r io.Reader, h *tar.Header, tell func(int)) (int64, error) {
	if err := root.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return 0, err
	}
	f, err := root.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fs.FileMode(h.Mode)&0o777|0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, counter{r, tell, new(int)})
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return n, err
}

// tarError puts what tar said before its exit code.
func tarError(err error, said string) error {
	code, ran := ExitCode(err)
	switch said = strings.TrimSpace(said); {
	case err == nil:
		return nil
	case ran && (code == 126 || code == 127) || strings.Contains(err.Error(), "executable file not found"):
		return fmt.Errorf("the image has no tar, which copying needs: %w", err)
	case ran && said != "":
		return fmt.Errorf("%s: %w", said, err)
	}
	return err
}
