package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/benhoyt/goawk/interp"
	"github.com/benhoyt/goawk/parser"
)

// assignment is an argument of awk that sets a variable.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// severalFiles is what a program needs that tells its files apart: they come as one input.
var severalFiles = regexp.MustCompile(`\b(FNR|FILENAME)\b`)

// awk runs programs that read their input and print. They open no files themselves and run no commands: those would be the
// host's.
func awk(ctx context.Context, s *shell, args []string) int {
	fail := func(err error) int {
		s.fail("awk", err)
		return 2
	}
	var vars []string
	program, given := "", false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
		flag := args[0]
		args = args[1:]
		if flag == "--" {
			break
		}
		value := flag[2:]
		if value == "" {
			if len(args) == 0 {
				return fail(fmt.Errorf("%s needs an argument", flag))
			}
			value, args = args[0], args[1:]
		}
		switch flag[1] {
		case 'F':
			vars = append(vars, "FS", strings.ReplaceAll(value, `\t`, "\t"))
		case 'v':
			name, v, ok := strings.Cut(value, "=")
			if !ok {
				return fail(fmt.Errorf("-v %s: it is written NAME=VALUE", value))
			}
			vars = append(vars, name, v)
		case 'f':
			b, err := s.p.files.readFile(s.abs(value))
			if err != nil {
				return fail(fmt.Errorf("%s: %w", value, cause(err)))
			}
			program, given = program+string(b)+"\n", true
		default:
			return fail(fmt.Errorf("unknown flag %s: there are -F, -v and -f", flag))
		}
	}
	if !given {
		if len(args) == 0 {
			return fail(errors.New("a program is needed"))
		}
		program, args = args[0], args[1:]
	}
	var files []string
	for _, a := range args {
		if assignment.MatchString(a) {
			name, v, _ := strings.Cut(a, "=")
			vars = append(vars, name, v)
			continue
		}
		files = append(files, a)
	}
	if len(files) > 1 && severalFiles.MatchString(program) {
		return fail(errors.New("FNR and FILENAME are not to be had with several files"))
	}
	prog, err := parser.ParseProgram([]byte(program), nil)
	if err != nil {
		return fail(err)
	}
	in, err := s.input(files)
	if err != nil {
		return fail(err)
	}
	environ := []string{}
	for name, v := range s.env.Each {
		if v.Exported {
			environ = append(environ, name, v.String())
		}
	}
	it, err := interp.New(prog)
	if err != nil {
		return fail(err)
	}
	code, err := it.ExecuteContext(ctx, &interp.Config{
		Stdin: in, Output: writerOnly{s.stdout}, Error: s.stderr, Argv0: "awk", Vars: vars, Environ: environ,
		NoExec: true, NoFileReads: true, NoFileWrites: true, Chars: true,
	})
	switch {
	case ctx.Err() != nil:
		return 143
	case err != nil:
		return fail(err)
	}
	return code
}

// writerOnly hides what else a writer can do.
type writerOnly struct{ io.Writer }
