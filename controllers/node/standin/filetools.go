package standin

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

func fileTools() map[string]tool {
	nothing := func(context.Context, *shell, []string) int { return 0 }
	return map[string]tool{
		"chmod": nothing, "chown": nothing, "chgrp": nothing,
		"cp": copyTool, "df": df, "du": du, "find": find, "ln": ln, "ls": ls, "ll": ls,
		"mkdir": mkdir, "mktemp": mktemp, "mount": mountTool, "mv": mv, "readlink": readlink, "realpath": text1(path.Clean),
		"rm": rm, "rmdir": rm, "stat": statTool, "tar": tarTool, "tee": tee, "touch": touch,
	}
}

func cat(ctx context.Context, s *shell, args []string) int {
	_, files := split(args)
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, f := range files {
		if f == "-" {
			if s.stdin != nil {
				_, _ = io.Copy(s.stdout, s.stdin)
			}
			continue
		}
		r, err := s.p.files.open(s.abs(f), os.O_RDONLY, 0)
		if err != nil {
			return s.fail("cat", fmt.Errorf("%s: %w", f, cause(err)))
		}
		_, err = io.Copy(s.stdout, untilDone{ctx, r})
		_ = r.Close()
		if err != nil && ctx.Err() == nil {
			return s.fail("cat", fmt.Errorf("%s: %w", f, cause(err)))
		}
	}
	return 0
}

// untilDone ends a stream with a context: /dev/zero has no end of its own.
type untilDone struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to be told
	r   io.Reader
}

func (u untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}

func (s *shell) each(name string, args []string, do func(root *os.Root, rel string) error) int {
	code := 0
	for _, p := range args {
		if err := s.p.files.change(s.abs(p), do); err != nil {
			fmt.Fprintf(s.stderr, "%s: %s: %v\n", name, p, cause(err))
			code = 1
		}
	}
	return code
}

func mkdir(_ context.Context, s *shell, args []string) int {
	flags, dirs := split(args)
	return s.each("mkdir", dirs, func(root *os.Root, rel string) error {
		if has(flags, 'p', "parents") {
			return root.MkdirAll(rel, 0o755)
		}
		return root.Mkdir(rel, 0o755)
	})
}

func rm(_ context.Context, s *shell, args []string) int {
	flags, files := split(args)
	return s.each("rm", files, func(root *os.Root, rel string) error {
		if has(flags, 'r', "recursive") || has(flags, 'R', "") {
			return root.RemoveAll(rel)
		}
		if err := root.Remove(rel); err != nil && !(has(flags, 'f', "force") && os.IsNotExist(err)) {
			return err
		}
		return nil
	})
}

func touch(_ context.Context, s *shell, args []string) int {
	_, files := split(args)
	return s.each("touch", files, func(root *os.Root, rel string) error {
		f, err := root.OpenFile(rel, os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		now := time.Now()
		return root.Chtimes(rel, now, now)
	})
}

func ln(_ context.Context, s *shell, args []string) int {
	flags, names := split(args)
	if len(names) != 2 || !has(flags, 's', "symbolic") {
		fmt.Fprintln(s.stderr, "ln: only ln -s TARGET NAME is to be had")
		return 1
	}
	return s.each("ln", names[1:], func(root *os.Root, rel string) error {
		if has(flags, 'f', "force") {
			_ = root.Remove(rel) // it need not be there
		}
		return root.Symlink(names[0], rel)
	})
}

// destination is where a file goes: into a directory, or to a name.
func (s *shell) destination(from, to string) string {
	if info, err := s.p.files.stat(s.abs(to), true); err == nil && info.IsDir() {
		return path.Join(s.abs(to), path.Base(from))
	}
	return s.abs(to)
}

func (s *shell) copyFile(from, to string, recursive bool) error {
	info, err := s.p.files.stat(from, true)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if !recursive {
			return fmt.Errorf("is a directory")
		}
		if err := s.p.files.change(to, func(root *os.Root, rel string) error { return root.MkdirAll(rel, 0o755) }); err != nil {
			return err
		}
		es, err := s.p.files.readDir(from)
		if err != nil {
			return err
		}
		for _, e := range es {
			if err := s.copyFile(path.Join(from, e.Name()), path.Join(to, e.Name()), true); err != nil {
				return err
			}
		}
		return nil
	}
	b, err := s.p.files.readFile(from)
	if err != nil {
		return err
	}
	return s.p.files.change(to, func(root *os.Root, rel string) error { return root.WriteFile(rel, b, 0o644) })
}

func copyTool(_ context.Context, s *shell, args []string) int {
	flags, names := split(args)
	if len(names) < 2 {
		fmt.Fprintln(s.stderr, "cp: a source and a destination are needed")
		return 1
	}
	to := names[len(names)-1]
	for _, from := range names[:len(names)-1] {
		if err := s.copyFile(s.abs(from), s.destination(from, to), has(flags, 'r', "recursive") || has(flags, 'R', "") || has(flags, 'a', "archive")); err != nil {
			return s.fail("cp", fmt.Errorf("%s: %w", from, cause(err)))
		}
	}
	return 0
}

func mv(ctx context.Context, s *shell, args []string) int {
	_, names := split(args)
	if len(names) < 2 {
		fmt.Fprintln(s.stderr, "mv: a source and a destination are needed")
		return 1
	}
	to := names[len(names)-1]
	for _, from := range names[:len(names)-1] {
		if err := s.copyFile(s.abs(from), s.destination(from, to), true); err != nil {
			return s.fail("mv", fmt.Errorf("%s: %w", from, cause(err)))
		}
		if code := rm(ctx, s, []string{"-r", from}); code != 0 {
			return code
		}
	}
	return 0
}

func tee(_ context.Context, s *shell, args []string) int {
	flags, files := split(args)
	mode := os.O_TRUNC
	if has(flags, 'a', "append") {
		mode = os.O_APPEND
	}
	ws := []io.Writer{s.stdout}
	for _, f := range files {
		w, err := s.p.files.open(s.abs(f), os.O_CREATE|os.O_WRONLY|mode, 0o644)
		if err != nil {
			return s.fail("tee", fmt.Errorf("%s: %w", f, cause(err)))
		}
		defer w.Close()
		ws = append(ws, w)
	}
	if s.stdin != nil {
		_, _ = io.Copy(io.MultiWriter(ws...), s.stdin)
	}
	return 0
}

func (s *shell) walk(p string, visit func(p string, info fs.FileInfo)) error {
	info, err := s.p.files.stat(s.abs(p), false)
	if err != nil {
		return err
	}
	visit(p, info)
	if !info.IsDir() {
		return nil
	}
	es, err := s.p.files.readDir(s.abs(p))
	if err != nil {
		return err
	}
	for _, e := range es {
		if err := s.walk(path.Join(p, e.Name()), visit); err != nil {
			return err
		}
	}
	return nil
}

func find(_ context.Context, s *shell, args []string) int {
	var roots []string
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		roots, args = append(roots, args[0]), args[1:]
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	name, kind := "", ""
	for i := 0; i+1 < len(args); i++ {
		switch args[i] {
		case "-name":
			name = args[i+1]
		case "-type":
			kind = args[i+1]
		}
	}
	for _, r := range roots {
		err := s.walk(r, func(p string, info fs.FileInfo) {
			if name != "" {
				if ok, _ := path.Match(name, path.Base(p)); !ok {
					return
				}
			}
			if kind == "f" && !info.Mode().IsRegular() || kind == "d" && !info.IsDir() {
				return
			}
			fmt.Fprintln(s.stdout, p)
		})
		if err != nil {
			return s.fail("find", fmt.Errorf("%s: %w", r, cause(err)))
		}
	}
	return 0
}

func du(_ context.Context, s *shell, args []string) int {
	_, paths := split(args)
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		var total int64
		if err := s.walk(p, func(_ string, info fs.FileInfo) { total += info.Size() }); err != nil {
			return s.fail("du", fmt.Errorf("%s: %w", p, cause(err)))
		}
		fmt.Fprintf(s.stdout, "%d\t%s\n", (total+1023)/1024, p)
	}
	return 0
}

func df(_ context.Context, s *shell, _ []string) int {
	fmt.Fprintf(s.stdout, "Filesystem           Mounted on\noverlay              /\n")
	for _, m := range s.p.spec.Mounts {
		fmt.Fprintf(s.stdout, "%-20s %s\n", "volume", m.ContainerPath)
	}
	return 0
}

func mountTool(_ context.Context, s *shell, _ []string) int {
	fmt.Fprintln(s.stdout, "overlay on / type overlay (rw)")
	for _, m := range s.p.spec.Mounts {
		mode := "rw"
		if m.Readonly {
			mode = "ro"
		}
		fmt.Fprintf(s.stdout, "volume on %s type volume (%s)\n", m.ContainerPath, mode)
	}
	return 0
}
