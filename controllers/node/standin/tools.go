package standin

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"path"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"mvdan.cc/sh/v3/expand"
)

// tool is a small program: it gives its exit code.
type tool func(ctx context.Context, s *shell, args []string) int

var toolTable struct {
	once   sync.Once
	byName map[string]tool
}

// tools are the programs of every container, by name. They know the flags that scripts use most.
func tools() map[string]tool {
	toolTable.once.Do(func() { toolTable.byName = allTools() })
	return toolTable.byName
}

func allTools() map[string]tool {
	t := map[string]tool{
		"arch":          text(func(*shell) string { return runtime.GOARCH }),
		"base64":        filter(base64Tool),
		"basename":      basename,
		"cat":           cat,
		"clear":         text(func(*shell) string { return "\033[H\033[2J" }),
		"date":          date,
		"dirname":       text1(path.Dir),
		"env":           env,
		"expr":          exprTool,
		"head":          head,
		"hostname":      text(func(s *shell) string { return s.p.spec.Hostname }),
		"id":            text(func(*shell) string { return "uid=0(root) gid=0(root) groups=0(root)" }),
		"md5sum":        sum(func() hash.Hash { return md5.New() }),
		"nproc":         text(func(*shell) string { return strconv.Itoa(runtime.NumCPU()) }),
		"podarium-kill": kill,
		"printenv":      env,
		"ps":            ps,
		"seq":           seq,
		"sha256sum":     sum(sha256.New),
		"sleep":         sleep,
		"sort":          filter(sortTool),
		"sync":          func(context.Context, *shell, []string) int { return 0 },
		"tac":           filter(func(_ []string, in []string) []string { slices.Reverse(in); return in }),
		"tail":          tail,
		"timeout":       timeout,
		"top":           ps,
		"uname":         uname,
		"uniq":          filter(func(_ []string, in []string) []string { return slices.Compact(in) }),
		"uptime":        text(func(s *shell) string { return "up " + time.Since(s.p.started).Round(time.Second).String() }),
		"wc":            wc,
		"which":         which,
		"whoami":        text(func(*shell) string { return "root" }),
		"xargs":         xargs,
		"yes":           yes,
	}
	for name, f := range fileTools() {
		t[name] = f
	}
	for name, f := range textTools() {
		t[name] = f
	}
	for name, f := range netTools() {
		t[name] = f
	}
	return t
}

func (s *shell) fail(name string, err error) int {
	fmt.Fprintf(s.stderr, "%s: %v\n", name, err)
	return 1
}

// text prints one line.
func text(f func(*shell) string) tool {
	return func(_ context.Context, s *shell, _ []string) int {
		fmt.Fprintln(s.stdout, f(s))
		return 0
	}
}

// text1 prints what becomes of its argument.
func text1(f func(string) string) tool {
	return func(_ context.Context, s *shell, args []string) int {
		if len(args) != 1 {
			fmt.Fprintln(s.stderr, "one argument is needed")
			return 1
		}
		fmt.Fprintln(s.stdout, f(args[0]))
		return 0
	}
}

// split takes the flags off the arguments: -abc and --name[=value].
func split(args []string) (flags, rest []string) {
	for i, a := range args {
		if a == "--" {
			return flags, append(rest, args[i+1:]...)
		}
		if strings.HasPrefix(a, "-") && len(a) > 1 {
			flags = append(flags, a)
		} else {
			rest = append(rest, a)
		}
	}
	return flags, rest
}

func has(flags []string, short byte, long string) bool {
	for _, f := range flags {
		if f == "--"+long || !strings.HasPrefix(f, "--") && strings.IndexByte(f, short) > 0 {
			return true
		}
	}
	return false
}

// input opens the named files one after the other, or standard input where there are none.
func (s *shell) input(files []string) (io.Reader, error) {
	if len(files) == 0 || len(files) == 1 && files[0] == "-" {
		if s.stdin == nil {
			return strings.NewReader(""), nil
		}
		return s.stdin, nil
	}
	var rs []io.Reader
	for _, f := range files {
		b, err := s.p.files.readFile(s.abs(f))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, cause(err))
		}
		rs = append(rs, strings.NewReader(string(b)))
	}
	return io.MultiReader(rs...), nil
}

// filter turns lines into lines.
func filter(f func(flags, lines []string) []string) tool {
	return func(_ context.Context, s *shell, args []string) int {
		flags, files := split(args)
		r, err := s.input(files)
		if err != nil {
			return s.fail("filter", err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return s.fail("filter", err)
		}
		for _, l := range f(flags, lines(string(b))) {
			fmt.Fprintln(s.stdout, l)
		}
		return 0
	}
}

func lines(s string) []string {
	s = strings.TrimSuffix(s, "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func sortTool(flags, in []string) []string {
	less := func(a, b string) bool { return a < b }
	if has(flags, 'n', "numeric-sort") {
		less = func(a, b string) bool { return number(a) < number(b) }
	}
	sort.SliceStable(in, func(i, j int) bool { return less(in[i], in[j]) })
	if has(flags, 'r', "reverse") {
		slices.Reverse(in)
	}
	if has(flags, 'u', "unique") {
		in = slices.Compact(in)
	}
	return in
}

func number(s string) float64 {
	f, _ := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f
}

func base64Tool(flags, in []string) []string {
	s := strings.Join(in, "\n")
	if has(flags, 'd', "decode") {
		b, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(s, "\n", ""))
		if err != nil {
			return []string{"base64: " + err.Error()}
		}
		return lines(string(b))
	}
	return []string{base64.StdEncoding.EncodeToString([]byte(s + "\n"))}
}

func basename(_ context.Context, s *shell, args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(s.stderr, "basename: an argument is needed")
		return 1
	}
	b := path.Base(args[0])
	if len(args) > 1 {
		b = strings.TrimSuffix(b, args[1])
	}
	fmt.Fprintln(s.stdout, b)
	return 0
}

func date(_ context.Context, s *shell, args []string) int {
	now, layout := time.Now().UTC(), "Mon Jan _2 15:04:05 MST 2006"
	for _, a := range args {
		if f, ok := strings.CutPrefix(a, "+"); ok {
			r := strings.NewReplacer("%Y", now.Format("2006"), "%m", now.Format("01"), "%d", now.Format("02"), "%H", now.Format("15"), "%M", now.Format("04"),
				"%S", now.Format("05"), "%s", strconv.FormatInt(now.Unix(), 10), "%F", now.Format("2006-01-02"), "%T", now.Format("15:04:05"), "%N", now.Format("000000000"), "%Z", "UTC", "%%", "%")
			fmt.Fprintln(s.stdout, r.Replace(f))
			return 0
		}
		if a == "-Iseconds" {
			layout = time.RFC3339
		}
	}
	fmt.Fprintln(s.stdout, now.Format(layout))
	return 0
}

// env prints the environment, or runs a command with more of it.
func env(ctx context.Context, s *shell, args []string) int {
	extra := []string{}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		extra, args = append(extra, args[0]), args[1:]
	}
	var all []string
	for name, v := range s.env.Each {
		if v.Exported {
			all = append(all, name+"="+v.String())
		}
	}
	if len(args) > 0 && len(extra) > 0 {
		inner := *s
		inner.env = expand.ListEnviron(append(all, extra...)...)
		return inner.tool(ctx, args)
	}
	if len(args) > 0 {
		v := s.env.Get(args[0])
		if !v.IsSet() {
			return 1
		}
		fmt.Fprintln(s.stdout, v.String())
		return 0
	}
	sort.Strings(all)
	for _, l := range append(all, extra...) {
		fmt.Fprintln(s.stdout, l)
	}
	return 0
}

func exprTool(_ context.Context, s *shell, args []string) int {
	if len(args) != 3 {
		fmt.Fprintln(s.stderr, "expr: three arguments are needed: NUMBER OPERATOR NUMBER")
		return 2
	}
	a, b := int64(number(args[0])), int64(number(args[2]))
	var r int64
	switch args[1] {
	case "+":
		r = a + b
	case "-":
		r = a - b
	case "*":
		r = a * b
	case "/", "%":
		if b == 0 {
			fmt.Fprintln(s.stderr, "expr: division by zero")
			return 2
		}
		if r = a / b; args[1] == "%" {
			r = a % b
		}
	default:
		fmt.Fprintf(s.stderr, "expr: operator %q\n", args[1])
		return 2
	}
	fmt.Fprintln(s.stdout, r)
	if r == 0 {
		return 1
	}
	return 0
}

func sum(h func() hash.Hash) tool {
	return func(_ context.Context, s *shell, args []string) int {
		_, files := split(args)
		if len(files) == 0 {
			files = []string{"-"}
		}
		for _, f := range files {
			r, err := s.input([]string{f})
			if err != nil {
				return s.fail("sum", err)
			}
			d := h()
			if _, err := io.Copy(d, r); err != nil {
				return s.fail("sum", err)
			}
			fmt.Fprintf(s.stdout, "%x  %s\n", d.Sum(nil), f)
		}
		return 0
	}
}

// kill ends the container where process 1 is meant; there are no other processes.
func kill(_ context.Context, s *shell, args []string) int {
	_, pids := split(args)
	for _, pid := range pids {
		if pid != "1" {
			fmt.Fprintf(s.stderr, "kill: can't kill pid %s: No such process\n", pid)
			return 1
		}
		s.p.cancel()
	}
	return 0
}

func ps(_ context.Context, s *shell, _ []string) int {
	what := strings.Join(append(append([]string(nil), s.p.spec.Command...), s.p.spec.Args...), " ")
	if what == "" {
		what = kindName(s.p.image.Serve)
	}
	fmt.Fprintf(s.stdout, "PID   USER     TIME  COMMAND\n    1 root      0:00 %s\n", what)
	return 0
}

func seq(ctx context.Context, s *shell, args []string) int {
	from, step, to := 1.0, 1.0, 0.0
	switch len(args) {
	case 1:
		to = number(args[0])
	case 2:
		from, to = number(args[0]), number(args[1])
	case 3:
		from, step, to = number(args[0]), number(args[1]), number(args[2])
	default:
		fmt.Fprintln(s.stderr, "seq: one to three numbers are needed")
		return 1
	}
	if step == 0 {
		return 1
	}
	for i := from; ctx.Err() == nil && (step > 0 && i <= to || step < 0 && i >= to); i += step {
		if _, err := fmt.Fprintln(s.stdout, strconv.FormatFloat(i, 'f', -1, 64)); err != nil {
			return 1
		}
	}
	return 0
}

func sleep(ctx context.Context, s *shell, args []string) int {
	var total time.Duration
	for _, a := range args {
		if a == "infinity" || a == "inf" {
			<-ctx.Done()
			return 143
		}
		d, err := seconds(a)
		if err != nil {
			fmt.Fprintf(s.stderr, "sleep: invalid time interval %q\n", a)
			return 1
		}
		total += d
	}
	t := time.NewTimer(total)
	defer t.Stop()
	select {
	case <-t.C:
		return 0
	case <-ctx.Done():
		return 143
	}
}

// seconds reads 5, 0.5, 5s, 2m, 1h, 1d.
func seconds(a string) (time.Duration, error) {
	unit := time.Second
	if n := len(a); n > 0 {
		switch a[n-1] {
		case 's':
			a = a[:n-1]
		case 'm':
			unit, a = time.Minute, a[:n-1]
		case 'h':
			unit, a = time.Hour, a[:n-1]
		case 'd':
			unit, a = 24*time.Hour, a[:n-1]
		}
	}
	f, err := strconv.ParseFloat(a, 64)
	return time.Duration(f * float64(unit)), err
}

func timeout(ctx context.Context, s *shell, args []string) int {
	_, rest := split(args)
	if len(rest) < 2 {
		fmt.Fprintln(s.stderr, "timeout: a time and a command are needed")
		return 125
	}
	d, err := seconds(rest[0])
	if err != nil {
		fmt.Fprintf(s.stderr, "timeout: invalid time interval %q\n", rest[0])
		return 125
	}
	i := slices.Index(args, rest[0])
	inner, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	code := s.tool(inner, args[i+1:])
	if inner.Err() != nil && ctx.Err() == nil {
		return 124
	}
	return code
}

func uname(_ context.Context, s *shell, args []string) int {
	if has(args, 'a', "all") {
		fmt.Fprintf(s.stdout, "Linux %s podarium %s\n", s.p.spec.Hostname, runtime.GOARCH)
		return 0
	}
	switch {
	case has(args, 'n', "nodename"):
		fmt.Fprintln(s.stdout, s.p.spec.Hostname)
	case has(args, 'm', "machine"):
		fmt.Fprintln(s.stdout, runtime.GOARCH)
	default:
		fmt.Fprintln(s.stdout, "Linux")
	}
	return 0
}

func which(_ context.Context, s *shell, args []string) int {
	code := 0
	for _, a := range args {
		if known(a) {
			fmt.Fprintln(s.stdout, "/bin/"+a)
		} else {
			code = 1
		}
	}
	return code
}

func xargs(ctx context.Context, s *shell, args []string) int {
	if s.stdin == nil {
		return 0
	}
	one := false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] == "-n" && len(args) > 1 {
			one, args = args[1] == "1", args[1:]
		}
		args = args[1:]
	}
	if len(args) == 0 {
		args = []string{"echo"}
	}
	sc := bufio.NewScanner(s.stdin)
	sc.Split(bufio.ScanWords)
	var words []string
	for sc.Scan() {
		words = append(words, sc.Text())
	}
	run := func(more ...string) int {
		argv := append(append([]string(nil), args...), more...)
		if argv[0] == "echo" {
			fmt.Fprintln(s.stdout, strings.Join(argv[1:], " "))
			return 0
		}
		inner := *s
		inner.stdin = nil
		return inner.tool(ctx, argv)
	}
	if !one {
		return run(words...)
	}
	code := 0
	for _, w := range words {
		if c := run(w); c != 0 {
			code = 123
		}
	}
	return code
}

func yes(ctx context.Context, s *shell, args []string) int {
	word := "y"
	if len(args) > 0 {
		word = strings.Join(args, " ")
	}
	for ctx.Err() == nil {
		if _, err := fmt.Fprintln(s.stdout, word); err != nil {
			return 1
		}
	}
	return 143
}
