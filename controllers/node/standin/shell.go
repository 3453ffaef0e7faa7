package standin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/podarium/podarium/controllers/node/containers"
)

// shell runs commands in a container's files and network.
type shell struct {
	p              *process
	stdin          io.Reader
	stdout, stderr io.Writer
	dir            string
	env            expand.Environ
	traps          *traps // nil but for the container's own command
	main           *interp.Runner
	jobs           *jobs
	caller         callerOf  // of a tool: whose jobs kill means
	replaced       bool      // by what it runs now: exec COMMAND, or sh -c COMMAND with nothing else in it
	tty            *terminal // nil where nobody types
	fds            *descriptors
	pid            int
}

func (p *process) shell(stdin io.Reader, stdout, stderr io.Writer) *shell {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "HOSTNAME=" + p.spec.Hostname, "PWD=/"}
	if p.spec.TTY {
		env = append(env, "TERM=xterm")
	}
	dir := p.spec.WorkingDir
	if dir == "" {
		dir = "/"
	}
	return &shell{p: p, stdin: stdin, stdout: stdout, stderr: stderr, dir: dir, env: expand.ListEnviron(append(env, p.spec.Env...)...)}
}

// runCommand is a container that is a command.
func (p *process) runCommand(ctx context.Context, argv []string) containers.Exit {
	defer p.files.close()
	s := p.shell(p.spec.Stdin, p.spec.Stdout, p.spec.Stderr)
	s.traps = &traps{}
	p.traps.Store(s.traps)
	var code int
	if p.spec.TTY {
		code = s.interactive(ctx, p.spec.Stdin, p.spec.Stdout, nil, argv)
	} else {
		code = s.run(ctx, argv)
	}
	if ctx.Err() == nil {
		return containers.Exit{Code: code}
	}
	return containers.Exit{Code: 143} // 128 + SIGTERM
}

// run runs one command line and gives its exit code.
func (s *shell) run(ctx context.Context, argv []string) int {
	if isShell(argv[0]) {
		return s.nested(ctx, argv)
	}
	line, err := quoted(argv)
	if err != nil {
		fmt.Fprintf(s.stderr, "sh: %v\n", err)
		return 126
	}
	s.replaced = true
	return s.script(ctx, strings.NewReader(line), argv[0], syntax.LangBash)
}

// sh is the language of sh: POSIX with what every sh has beside it. The parser's own LangPOSIX knows no export and no local.
const sh = syntax.LangMirBSDKorn

// nested is sh [-c SCRIPT | FILE] [ARGUMENT…].
func (s *shell) nested(ctx context.Context, argv []string) int {
	lang := sh
	if path.Base(argv[0]) == "bash" {
		lang = syntax.LangBash
	}
	var opts []string
	args := argv[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
		flag := args[0]
		args = args[1:]
		if flag == "--" {
			break
		}
		if flag == "-o" && len(args) > 0 {
			opts = append(opts, flag, args[0])
			args = args[1:]
			continue
		}
		for _, f := range flag[1:] {
			switch f {
			case 'c':
				if len(args) == 0 {
					fmt.Fprintln(s.stderr, "sh: -c needs an argument")
					return 2
				}
				name := path.Base(argv[0])
				rest := args[1:]
				if len(rest) > 0 {
					name, rest = rest[0], rest[1:]
				}
				s.replaced = single(args[0], lang)
				return s.script(ctx, strings.NewReader(args[0]), name, lang, append(opts, append([]string{"--"}, rest...)...)...)
			case 'e', 'u', 'x', 'f', 'n':
				opts = append(opts, "-"+string(f))
			}
		}
	}
	if len(args) > 0 {
		b, err := s.p.files.readFile(s.abs(args[0]))
		if err != nil {
			fmt.Fprintf(s.stderr, "sh: can't open '%s': %v\n", args[0], cause(err))
			return 127
		}
		return s.script(ctx, bytes.NewReader(b), args[0], lang, append(opts, append([]string{"--"}, args[1:]...)...)...)
	}
	switch {
	case s.tty != nil:
		return s.prompts(ctx)
	case s.stdin == nil:
		return 0
	}
	return s.script(ctx, s.stdin, "sh", lang, opts...)
}

func (s *shell) abs(p string) string {
	if path.IsAbs(p) {
		return path.Clean(p)
	}
	return path.Join(s.dir, p)
}

// cause is the innermost part of an error, which is all that tools print.
func cause(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// script runs a script; the parameters are as for set.
func (s *shell) script(ctx context.Context, r io.Reader, name string, lang syntax.LangVariant, params ...string) int {
	parser := syntax.NewParser(syntax.Variant(lang))
	defer s.openDescriptors()()
	outer := ctx
	ctx, end := s.numbered(ctx)
	defer end()
	runner, err := s.runner(params...)
	if err != nil {
		fmt.Fprintf(s.stderr, "%s: %v\n", name, err)
		return 2
	}
	code := 0
	// Statement by statement, as a shell reads its input: what comes before an error is run.
	for st, err := range parser.StmtsSeq(r) {
		if err != nil {
			if ctx.Err() == nil {
				fmt.Fprintf(s.stderr, "%s: %v\n", name, err)
				code = 2
			}
			break
		}
		code = s.statement(ctx, runner, st, name)
		if body, due := s.due(); due && !runner.Exited() && ctx.Err() == nil {
			code = s.trapAtEnd(ctx, runner, body, name)
		}
		if runner.Exited() || ctx.Err() != nil {
			break
		}
	}
	if !runner.Exited() {
		_ = runner.Run(ctx, &syntax.File{}) // the trap on EXIT, which an exit has run already
	}
	if ctx.Err() != nil && outer.Err() == nil {
		return 143 // killed by its number
	}
	return code
}

func (s *shell) statement(ctx context.Context, runner *interp.Runner, st *syntax.Stmt, name string) int {
	allowed := true
	syntax.Walk(st, func(n syntax.Node) bool {
		if _, ok := n.(*syntax.ProcSubst); ok {
			allowed = false // it would make a named pipe in the host's directory for temporary files
		}
		s.adapt(n)
		return allowed
	})
	if !allowed {
		fmt.Fprintf(s.stderr, "%s: process substitution is not to be had in a stand-in\n", name)
		return 2
	}
	err := runner.Run(ctx, st)
	if status := interp.ExitStatus(0); errors.As(err, &status) {
		return int(status)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(s.stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

func (s *shell) runner(params ...string) (*interp.Runner, error) {
	s.jobs = &jobs{}
	r, err := interp.New(
		interp.StdIO(s.stdin, s.stdout, s.stderr),
		interp.Env(s.env),
		interp.Params(params...),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return s.exec }),
		interp.OpenHandler(func(ctx context.Context, p string, flag int, _ os.FileMode) (io.ReadWriteCloser, error) {
			hc := interp.HandlerCtx(ctx)
			if !path.IsAbs(p) {
				p = path.Join(hc.Dir, p)
			}
			switch p {
			case "/dev/stdout", "/proc/1/fd/1", "/proc/self/fd/1":
				return toWriter{s.p.output(p, hc.Stdout)}, nil
			case "/dev/stderr", "/proc/1/fd/2", "/proc/self/fd/2":
				return toWriter{s.p.output(p, hc.Stderr)}, nil
			}
			if path.Dir(p)+"/" == descriptorDir {
				return s.fds.reopen(path.Base(p), flag != os.O_RDONLY)
			}
			return s.open(ctx, p, flag)
		}),
		interp.StatHandler(func(_ context.Context, p string, follow bool) (fs.FileInfo, error) { return s.p.files.stat(p, follow) }),
		interp.ReadDirHandler2(func(_ context.Context, p string) ([]fs.DirEntry, error) { return s.p.files.readDir(p) }),
		interp.AccessHandler(func(_ context.Context, p string, _ interp.AccessMode) error {
			_, err := s.p.files.stat(p, true)
			return err
		}),
		interp.CallHandler(func(ctx context.Context, args []string) ([]string, error) {
			return s.before(interp.HandlerCtx(ctx), args), nil
		}),
	)
	if err != nil {
		return nil, err
	}
	r.Dir, s.main = s.dir, r
	if info, err := s.p.files.stat(s.dir, true); err != nil || !info.IsDir() {
		if err := s.p.files.change(s.dir, func(root *os.Root, rel string) error { return root.MkdirAll(rel, 0o700) }); err != nil {
			r.Dir = "/"
		}
	}
	return r, nil
}

// before says what is run for a command; builtins that the interpreter has in another way than a container should are replaced.
func (s *shell) before(hc interp.HandlerContext, args []string) []string {
	if args = s.trapped(hc, args); len(args) == 0 {
		return args
	}
	if s.jobs.killed(jobOf(hc)) && args[0] != jobEnds {
		return []string{"exit", "143"}
	}
	switch args[0] {
	case "kill", "wait", "umask", "ulimit": // the builtin kill would mean processes of the host, and nothing would break off a wait
		return append([]string{"podarium-" + args[0]}, args[1:]...)
	case "trap":
		return s.trap(hc, args)
	case "eval":
		return []string{"eval", s.adaptText(strings.Join(args[1:], " "))}
	case "read":
		return readDescriptor(args)
	case "echo":
		return echoFlags(args)
	case "exec":
		s.replaced = s.replaced || len(args) > 1 && s.traps != nil && s.outermost(hc)
	}
	return args
}

// open opens a file, or a connection: /dev/tcp/HOST/PORT. An error that is no PathError would end the script.
func (s *shell) open(ctx context.Context, p string, flag int) (f io.ReadWriteCloser, err error) {
	if dir, port := path.Split(p); strings.HasPrefix(dir, "/dev/tcp/") || strings.HasPrefix(dir, "/dev/udp/") {
		f, err = s.p.dial(ctx, dir[len("/dev/"):len("/dev/tcp")], net.JoinHostPort(path.Base(dir), port))
	} else {
		f, err = s.p.files.open(p, flag, 0o644)
	}
	switch {
	case err == nil:
		return f, nil
	case flag&os.O_CREATE != 0:
		return nil, &fs.PathError{Op: "sh: can't create", Path: p, Err: cause(err)}
	}
	return nil, &fs.PathError{Op: "sh: can't open", Path: p, Err: cause(err)}
}

// output is where a write to the main process's streams goes.
func (p *process) output(file string, otherwise io.Writer) io.Writer {
	switch file {
	case "/proc/1/fd/1":
		return p.spec.Stdout
	case "/proc/1/fd/2":
		return p.spec.Stderr
	}
	return otherwise
}

type toWriter struct{ io.Writer }

func (toWriter) Read([]byte) (int, error) { return 0, io.EOF }
func (toWriter) Close() error             { return nil }

// exec runs what is no builtin of the shell.
func (s *shell) exec(ctx context.Context, args []string) error {
	hc := interp.HandlerCtx(ctx)
	if args[0] == openDescriptor {
		return status(s.redirect(ctx, hc, args[1:]))
	}
	switch args[0] {
	case "podarium-wait":
		return s.waitJobs(ctx, hc, args[1:])
	case jobBegins, jobStarted, jobEnds:
		return s.jobs.run(ctx, hc, args, s.p.pids.job)
	}
	ctx, ended := s.jobs.breakable(ctx, jobOf(hc))
	defer ended()
	inner := &shell{p: s.p, stdin: hc.Stdin, stdout: hc.Stdout, stderr: hc.Stderr, dir: hc.Dir, env: hc.Env, tty: s.tty, fds: s.fds, caller: callerOf{s.jobs, runnerOf(hc)}}
	if s.traps != nil && s.outermost(hc) {
		if s.replaced && s.p.scripted(args[0]) {
			inner.traps = s.traps // it is process 1 now
		} else {
			alive, end := s.traps.breakable(ctx)
			code := inner.tool(alive, args)
			end()
			return s.afterwards(ctx, hc, code)
		}
	}
	return status(inner.tool(ctx, args))
}

func status(code int) error {
	if code == 0 {
		return nil
	}
	return interp.ExitStatus(uint8(code))
}

// tool runs one of the small tools, a shell, or a script among the container's files.
func (s *shell) tool(ctx context.Context, args []string) int {
	name := args[0]
	if c := s.p.commandOf(name); c != nil {
		return s.call(ctx, c, args[1:])
	}
	if !strings.Contains(name, "/") || inBin(name) {
		base := path.Base(name)
		if isShell(base) {
			return s.nested(ctx, args)
		}
		if t := tools()[base]; t != nil {
			return t(ctx, s, args[1:])
		}
		if line, err := quoted(args); err == nil && interp.IsBuiltin(base) { // timeout 5 echo
			return s.script(ctx, strings.NewReader(line), base, syntax.LangBash)
		}
	}
	if strings.Contains(name, "/") {
		if b, err := s.p.files.readFile(s.abs(name)); err == nil {
			lang := sh
			if line, _, _ := bytes.Cut(b, []byte("\n")); bytes.Contains(line, []byte("bash")) {
				lang = syntax.LangBash
			}
			return s.script(ctx, bytes.NewReader(b), name, lang, append([]string{"--"}, args[1:]...)...)
		}
	}
	fmt.Fprintf(s.stderr, "sh: %s: not found\n", name)
	return 127
}
