package standin

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
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
		"arch":            text(func(*shell) string { return runtime.GOARCH }),
		"base64":          base64Tool,
		"basename":        basename,
		"cat":             cat,
		"clear":           text(func(*shell) string { return "\033[H\033[2J" }),
		"date":            date,
		"dirname":         text1(path.Dir),
		"env":             env,
		"expr":            exprTool,
		"head":            head,
		"hostname":        hostname,
		"id":              id,
		"md5sum":          sum(func() hash.Hash { return md5.New() }),
		"nproc":           text(func(*shell) string { return strconv.Itoa(runtime.NumCPU()) }),
		"dd":              dd,
		"free":            free,
		"nice":            plainly,
		"nohup":           plainly,
		"setsid":          plainly,
		"stress":          stress,
		"sha1sum":         sum(sha1.New),
		"telnet":          nc,
		"truncate":        truncate,
		"podarium-kill":   kill,
		"podarium-umask":  setting("0022"),
		"podarium-ulimit": setting("unlimited"),
		"perl":            perl,
		"printenv":        env,
		"ps":              ps,
		"seq":             seq,
		"sha256sum":       sum(sha256.New),
		"sleep":           sleep,
		"sort":            filter(sortTool),
		"sync":            func(context.Context, *shell, []string) int { return 0 },
		"true":            func(context.Context, *shell, []string) int { return 0 },
		"false":           func(context.Context, *shell, []string) int { return 1 },
		"tac":             filter(func(_ []string, in []string) []string { slices.Reverse(in); return in }),
		"tail":            tail,
		"timeout":         timeout,
		"top":             ps,
		"uname":           uname,
		"uptime":          text(func(s *shell) string { return "up " + time.Since(s.p.started).Round(time.Second).String() }),
		"wc":              wc,
		"which":           which,
		"whoami":          whoami,
		"xargs":           xargs,
		"yes":             yes,
	}
	for name, f := range fileTools() {
		t[name] = f
	}
	for name, f := range textTools() {
		t[name] = f
	}
	for name, f := range lineTools() {
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

// setting prints a value that is as it is; to set it does nothing.
func setting(value string) tool {
	return func(_ context.Context, s *shell, args []string) int {
		if _, set := split(args); len(set) == 0 {
			fmt.Fprintln(s.stdout, value)
		}
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

// base64Tool encodes in lines of 76 characters (-w for others, 0 for one line), or decodes (-d), byte for byte.
func base64Tool(_ context.Context, s *shell, args []string) int {
	wrap := 76
	var rest []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		value, found := strings.CutPrefix(a, "--wrap=")
		if !found && strings.HasPrefix(a, "-w") {
			if value, found = a[2:], true; value == "" && i+1 < len(args) {
				i++
				value = args[i]
			}
		}
		if found {
			wrap = int(number(value))
			continue
		}
		rest = append(rest, a)
	}
	flags, files := split(rest)
	r, err := s.input(files)
	if err != nil {
		return s.fail("base64", err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return s.fail("base64", err)
	}
	if has(flags, 'd', "decode") {
		out, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(string(b)))
		_, _ = s.stdout.Write(out) // as far as it goes
		if err != nil {
			return s.fail("base64", errors.New("invalid input"))
		}
		return 0
	}
	for out := base64.StdEncoding.EncodeToString(b); out != ""; {
		n := len(out)
		if wrap > 0 {
			n = min(n, wrap)
		}
		fmt.Fprintln(s.stdout, out[:n])
		out = out[n:]
	}
	return 0
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

func xargs(ctx context.Context, s *shell, args []string) int {
	if s.stdin == nil {
		return 0
	}
	at, hole := 0, "" // how many words at a time, 0 for all; what a whole line is put in place of
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		a := args[0]
		args = args[1:]
		if len(a) < 2 || !strings.ContainsRune("nIPL", rune(a[1])) {
			continue
		}
		v := a[2:]
		if v == "" && len(args) > 0 {
			v, args = args[0], args[1:]
		}
		switch a[1] {
		case 'n', 'L':
			at = int(number(v))
		case 'I':
			hole = v
		}
	}
	if len(args) == 0 {
		args = []string{"echo"}
	}
	sc := bufio.NewScanner(s.stdin)
	if hole == "" {
		sc.Split(bufio.ScanWords)
	}
	var words []string
	for sc.Scan() {
		words = append(words, sc.Text())
	}
	run := func(argv []string) int {
		if argv[0] == "echo" {
			fmt.Fprintln(s.stdout, strings.Join(argv[1:], " "))
			return 0
		}
		inner := *s
		inner.stdin = nil
		return inner.tool(ctx, argv)
	}
	if hole == "" && at == 0 {
		return run(append(slices.Clone(args), words...))
	}
	code := 0
	for chunk := range slices.Chunk(words, max(at, 1)) {
		argv := append(slices.Clone(args), chunk...)
		if hole != "" {
			argv = slices.Clone(args)
			for i := range argv {
				argv[i] = strings.ReplaceAll(argv[i], hole, chunk[0])
			}
		}
		if c := run(argv); c != 0 {
			code = 123
		}
	}
	return code
}

// id is root's.
