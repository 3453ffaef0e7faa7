package standin

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// tarTool is what kubectl cp needs of tar: cf - FILES, and xf - -C DIRECTORY, without compression.
func tarTool(_ context.Context, s *shell, args []string) int {
	dir, mode := s.dir, ""
	var names []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "-C" && i+1 < len(args):
			i++
			dir = s.abs(args[i])
		case a == "-" || strings.HasPrefix(a, "--"):
		case mode == "" || strings.HasPrefix(a, "-"):
			mode += strings.TrimPrefix(a, "-")
		default:
			names = append(names, a)
		}
	}
	inner := *s
	inner.dir = dir
	var err error
	switch {
	case strings.Contains(mode, "c"):
		err = inner.pack(names)
	case strings.Contains(mode, "x"):
		err = inner.unpack()
	default:
		err = errors.New("only cf - FILES and xf - are to be had")
	}
	if err != nil {
		return s.fail("tar", err)
	}
	return 0
}

func (s *shell) pack(names []string) error {
	w := tar.NewWriter(s.stdout)
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

func (s *shell) unpack() error {
	if s.stdin == nil {
		return errors.New("nothing on standard input")
	}
	r := tar.NewReader(s.stdin)
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
