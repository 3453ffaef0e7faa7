package standin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"strings"
)

// mktemp makes a file, or with -d a directory, whose name is that of the template with letters in place of the X at its end;
// -p DIR and -t put it elsewhere than in the working directory, -u only names it.
func mktemp(_ context.Context, s *shell, args []string) int {
	var flags []string
	template, dir := "", ""
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-p" && i+1 < len(args):
			i++
			dir = args[i]
		case strings.HasPrefix(a, "-"):
			flags = append(flags, a)
		default:
			template = a
		}
	}
	if dir == "" && (template == "" || has(flags, 't', "tmpdir")) {
		dir = "/tmp"
	}
	if template == "" {
		template = "tmp.XXXXXX"
	}
	stem := strings.TrimRight(template, "X")
	letters := len(template) - len(stem)
	if letters < 3 {
		return s.fail("mktemp", fmt.Errorf("%s: a template ends in three X or more", template))
	}
	for {
		name := []byte(stem)
		for range letters {
			const from = "abcdefghijklmnopqrstuvwxyz0123456789"
			name = append(name, from[rand.IntN(len(from))])
		}
		file := path.Join(dir, string(name))
		err := s.p.files.change(s.abs(file), func(root *os.Root, rel string) error {
			if dir == "/tmp" {
				if err := root.MkdirAll(path.Dir(strings.ReplaceAll(rel, `\`, "/")), 0o755); err != nil {
					return err
				}
			}
			switch {
			case has(flags, 'u', "dry-run"):
				return nil
			case has(flags, 'd', "directory"):
				return root.Mkdir(rel, 0o700)
			}
			f, err := root.OpenFile(rel, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			return f.Close()
		})
		switch {
		case errors.Is(err, fs.ErrExist): // another name, then
		case err != nil:
			return s.fail("mktemp", fmt.Errorf("%s: %w", file, cause(err)))
		default:
			fmt.Fprintln(s.stdout, file)
			return 0
		}
	}
}
