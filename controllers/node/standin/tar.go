package standin

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// tarTool packs (c), unpacks (x) and lists (t) an archive, of standard input and output or a file (f), also compressed (z);
// -C is the directory that the names are of.
func tarTool(_ context.Context, s *shell, args []string) int {
	inner := *s
	mode, archive := "", "-"
	var names []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if strings.HasPrefix(a, "--") || mode != "" && !strings.HasPrefix(a, "-") {
			if !strings.HasPrefix(a, "--") {
				names = append(names, a)
			}
			continue
		}
		letters := strings.TrimPrefix(a, "-")
		if !strings.HasPrefix(a, "-") && i > 0 {
			names = append(names, a)
			continue
		}
		for at := 0; at < len(letters); at++ {
			l := letters[at]
			if l != 'f' && l != 'C' {
				mode += string(l)
				continue
			}
			value := letters[at+1:]
			if value == "" || i == 0 && !strings.HasPrefix(a, "-") { // the old way: letters first, then what they need
				if i++; i >= len(args) {
					return s.fail("tar", fmt.Errorf("-%c needs an argument", l))
				}
				value = args[i]
			} else {
				at = len(letters)
			}
			if l == 'f' {
				archive = value
			} else {
				inner.dir = inner.abs(value)
			}
		}
	}
	if err := inner.tar(mode, archive, s.abs(archive), names); err != nil {
		return s.fail("tar", err)
	}
	return 0
}

// tar does what the letters say with the archive at a path; the name - is standard input or output.
func (s *shell) tar(mode, name, file string, names []string) error {
	pack := strings.Contains(mode, "c")
	if !pack && !strings.ContainsAny(mode, "xt") {
		return errors.New("one of c, x and t is needed")
	}
	if name != "-" {
		flag := os.O_RDONLY
		if pack {
			flag = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
		}
		f, err := s.p.files.open(file, flag, 0o644)
		if err != nil {
			return fmt.Errorf("%s: %w", name, cause(err))
		}
		defer f.Close()
		if pack {
			return s.packed(f, mode, names)
		}
		return s.unpacked(f, mode)
	}
	switch {
	case pack:
		return s.packed(s.stdout, mode, names)
	case s.stdin == nil:
		return errors.New("nothing on standard input")
	}
	return s.unpacked(s.stdin, mode)
}

func (s *shell) packed(to io.Writer, mode string, names []string) error {
	if !strings.Contains(mode, "z") {
		return s.pack(to, names)
	}
	z := gzip.NewWriter(to)
	return errors.Join(s.pack(z, names), z.Close())
}

func (s *shell) unpacked(from io.Reader, mode string) error {
	if strings.Contains(mode, "z") {
		z, err := gzip.NewReader(from)
		if err != nil {
			return err
		}
		from = z
	}
	if !strings.Contains(mode, "t") {
		return s.unpack(from)
	}
	r := tar.NewReader(from)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(s.stdout, h.Name)
	}
}

func (s *shell) pack(to io.Writer, names []string) error {
	w := tar.NewWriter(to)
	for _, n := range names {
		var inner error
		err := s.walk(n, func(p string, info fs.FileInfo) {
			if inner != nil {
				return
			}
			h, err := tar.FileInfoHeader(info, "")
			if err != nil {
				inner = err
				return
			}
			h.Name = strings.TrimPrefix(p, "/")
			if info.IsDir() {
				h.Name += "/"
			} else if !info.Mode().IsRegular() {
				return
			}
			if inner = w.WriteHeader(h); inner != nil || info.IsDir() {
				return
			}
			b, err := s.p.files.readFile(s.abs(p))
			if err != nil {
				inner = err
				return
			}
			_, inner = w.Write(b)
		})
		if err = errors.Join(err, inner); err != nil {
			return fmt.Errorf("%s: %w", n, cause(err))
		}
	}
	return w.Close()
}

func (s *shell) unpack(from io.Reader) error {
	r := tar.NewReader(from)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to := s.abs(path.Clean(h.Name))
		err = s.p.files.change(to, func(root *os.Root, rel string) error {
			if h.Typeflag == tar.TypeDir {
				return root.MkdirAll(rel, 0o755)
			}
			if h.Typeflag != tar.TypeReg {
				return nil
			}
			if d := path.Dir(strings.ReplaceAll(rel, `\`, "/")); d != "." {
				if err := root.MkdirAll(d, 0o755); err != nil {
					return err
				}
			}
			f, err := root.OpenFile(rel, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fs.FileMode(h.Mode).Perm()|0o600)
			if err != nil {
				return err
			}
			_, err = io.Copy(f, r)
			return errors.Join(err, f.Close())
		})
		if err != nil {
			return fmt.Errorf("%s: %w", h.Name, cause(err))
		}
	}
}
