package standin

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
)

func date(_ context.Context, s *shell, args []string) int {
	now, layout := time.Now().UTC(), "Mon Jan _2 15:04:05 MST 2006"
	for i, a := range args {
		if at, ok := strings.CutPrefix(a, "@"); ok && i > 0 && args[i-1] == "-d" {
			if n, err := strconv.ParseInt(at, 10, 64); err == nil {
				now = time.Unix(n, 0).UTC()
			}
		}
	}
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
		code := 0
		for _, name := range args {
			v := s.env.Get(name)
			if !v.IsSet() {
				code = 1
				continue
			}
			fmt.Fprintln(s.stdout, v.String())
		}
		return code
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

// kill ends the container where process 1 is meant, or another shell in it. Signals that do not end a program, or make a server
// read its files again, do nothing.
func kill(_ context.Context, s *shell, args []string) int {
	signal := "TERM"
	switch {
	case len(args) > 1 && args[0] == "-s":
		signal, args = args[1], args[2:]
	case len(args) > 0 && args[0] == "-l":
		fmt.Fprintln(s.stdout, "HUP INT QUIT KILL USR1 USR2 TERM")
		return 0
	case len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "--":
		signal, args = args[0][1:], args[1:]
	}
	_, pids := split(args)
	name := signalName(signal)
	if name == "" {
		fmt.Fprintf(s.stderr, "kill: bad signal name %q\n", signal)
		return 1
	}
	for _, pid := range pids {
		if c := s.caller; c.jobs != nil && strings.HasPrefix(strings.Replace(pid, "%", "g", 1), "g") {
			if !c.jobs.kill(c.of, pid, name) {
				fmt.Fprintf(s.stderr, "kill: can't kill pid %s: No such process\n", pid)
				return 1
			}
			continue
		}
		n, _ := strconv.Atoi(pid)
		end := s.p.pids.find(n)
		switch {
		case n == 1:
			s.p.signal(name)
		case end == nil:
			fmt.Fprintf(s.stderr, "kill: can't kill pid %s: No such process\n", pid)
			return 1
		case slices.Contains([]string{"TERM", "INT", "QUIT", "KILL", "HUP"}, name):
			end()
		}
	}
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

// hostname prints the container's name: -i its address, -f its name with the domain that /etc/hosts has, -d that domain, -s
// the name without.
func hostname(_ context.Context, s *shell, args []string) int {
	name := s.p.spec.Hostname
	short, _, _ := strings.Cut(name, ".")
	full := name
	if b, err := s.p.files.readFile("/etc/hosts"); err == nil {
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == s.p.spec.IP.String() {
				full = f[1]
				break
			}
		}
	}
	_, domain, _ := strings.Cut(full, ".")
	switch {
	case has(args, 'i', "ip-address"):
		name = s.p.spec.IP.String()
	case has(args, 'f', "fqdn"):
		name = full
	case has(args, 'd', "domain"):
		name = domain
	case has(args, 's', "short"):
		name = short
	}
	fmt.Fprintln(s.stdout, name)
	return 0
}

func which(_ context.Context, s *shell, args []string) int {
	code := 0
	for _, a := range args {
		if known(a) || s.p.commandOf(a) != nil {
			fmt.Fprintln(s.stdout, "/bin/"+a)
		} else {
			code = 1
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
