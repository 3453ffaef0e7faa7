package standin

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// listing is what ls has been asked for.
type listing struct {
	s         *shell
	long, all bool
	dots      bool // . and .., too
	numbers   bool
	follow    bool // what links lead to
}

func ls(_ context.Context, s *shell, args []string) int {
	flags, paths := split(args)
	l := listing{s: s, long: has(flags, 'l', "") || has(flags, 'n', ""), dots: has(flags, 'a', "all"), numbers: has(flags, 'n', ""), follow: has(flags, 'L', "dereference")}
	l.all = l.dots || has(flags, 'A', "almost-all")
	if len(paths) == 0 {
		paths = []string{"."}
	}
	code := 0
	fail := func(p string, err error) {
		fmt.Fprintf(s.stderr, "ls: %s: %v\n", p, cause(err))
		code = 1
	}
	for i, p := range paths {
		link := (l.long || has(flags, 'd', "directory")) && !l.follow && !strings.HasSuffix(p, "/")
		info, err := s.p.files.stat(s.abs(p), !link)
		if err != nil {
			fail(p, err)
			continue
		}
		if !info.IsDir() || has(flags, 'd', "directory") {
			l.show(p, s.abs(p), info)
			continue
		}
		if len(paths) > 1 {
			if i > 0 {
				fmt.Fprintln(s.stdout)
			}
			fmt.Fprintf(s.stdout, "%s:\n", p)
		}
		if err := l.directory(s.abs(p)); err != nil {
			fail(p, err)
		}
	}
	return code
}

func (l listing) directory(dir string) error {
	es, err := l.s.p.files.readDir(dir)
	if err != nil {
		return err
	}
	if l.long {
		fmt.Fprintf(l.s.stdout, "total %d\n", 4*len(es))
	}
	if l.dots {
		for _, name := range []string{".", ".."} {
			if info, err := l.s.p.files.stat(path.Join(dir, name), true); err == nil {
				l.show(name, path.Join(dir, name), info)
			}
		}
	}
	for _, e := range es {
		if strings.HasPrefix(e.Name(), ".") && !l.all {
			continue
		}
		info, err := e.Info()
		if l.follow && err == nil && info.Mode()&fs.ModeSymlink != 0 {
			info, err = l.s.p.files.stat(path.Join(dir, e.Name()), true)
		}
		if err == nil {
			l.show(e.Name(), path.Join(dir, e.Name()), info)
		}
	}
	return nil
}

func (l listing) show(name, p string, info fs.FileInfo) {
	if !l.long {
		fmt.Fprintln(l.s.stdout, name)
		return
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if to, err := l.s.p.files.readlink(p); err == nil {
			name += " -> " + to
		}
	}
	owner := "root     root "
	if l.numbers {
		owner = "0        0    "
	}
	fmt.Fprintf(l.s.stdout, "%s    1 %s %9d %s %s\n", modeLine(info.Mode()), owner, info.Size(), info.ModTime().UTC().Format("Jan _2 15:04"), name)
}

// modeLine is a mode as ls shows it; Go's own has other letters.
func modeLine(m fs.FileMode) string {
	kind := "-"
	switch {
	case m.IsDir():
		kind = "d"
	case m&fs.ModeSymlink != 0:
		kind = "l"
	case m&fs.ModeSocket != 0:
		kind = "s"
	case m&fs.ModeNamedPipe != 0:
		kind = "p"
	}
	return kind + m.Perm().String()[1:]
}

// readlink prints where a symbolic link leads, with -f where that leads in the end.
func readlink(_ context.Context, s *shell, args []string) int {
	flags, paths := split(args)
	if len(paths) != 1 {
		fmt.Fprintln(s.stderr, "readlink: one path is needed")
		return 1
	}
	p := s.abs(paths[0])
	to, err := s.p.files.readlink(p)
	if has(flags, 'f', "canonicalize") {
		for range 40 { // as many as Linux follows
			if err != nil {
				break
			}
			if !path.IsAbs(to) {
				to = path.Join(path.Dir(p), to)
			}
			p = to
			to, err = s.p.files.readlink(p)
		}
		fmt.Fprintln(s.stdout, p)
		return 0
	}
	if err != nil {
		return 1
	}
	fmt.Fprintln(s.stdout, to)
	return 0
}

func (f *files) readlink(p string) (string, error) {
	root, rel, err := f.locate(p, false)
	if err != nil {
		return "", named(p, err)
	}
	to, err := root.Readlink(rel)
	return to, named(p, err)
}
