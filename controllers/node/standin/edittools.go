package standin

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// sed knows s/PATTERN/TEXT/[g], Np and d, which is what scripts use most, and -i.
func sed(_ context.Context, s *shell, args []string) int {
	flags, rest := split(args)
	if has(flags, 'e', "") && len(rest) == 0 || len(rest) == 0 {
		fmt.Fprintln(s.stderr, "sed: a script is needed")
		return 1
	}
	edit, err := sedScript(rest[0])
	if err != nil {
		return s.fail("sed", err)
	}
	r, err := s.input(rest[1:])
	if err != nil {
		return s.fail("sed", err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return s.fail("sed", err)
	}
	var out strings.Builder
	for i, l := range lines(string(b)) {
		if l, keep := edit(i+1, l); keep {
			out.WriteString(l + "\n")
		}
	}
	if has(flags, 'i', "in-place") && len(rest) > 1 {
		return s.each("sed", rest[1:], func(root *os.Root, rel string) error { return root.WriteFile(rel, []byte(out.String()), 0o644) })
	}
	_, _ = io.WriteString(s.stdout, out.String())
	return 0
}

var sedGroup = regexp.MustCompile(`\\(\d)`)

func sedScript(script string) (func(n int, line string) (string, bool), error) {
	if strings.HasPrefix(script, "s") && len(script) > 3 {
		sep := script[1:2]
		parts := strings.Split(strings.ReplaceAll(script[2:], `\`+sep, "\x00"), sep)
		if len(parts) != 3 {
			return nil, fmt.Errorf("%q is no s/PATTERN/TEXT/", script)
		}
		for i := range parts {
			parts[i] = strings.ReplaceAll(parts[i], "\x00", sep) // it was escaped
		}
		re, err := regexp.Compile(parts[0])
		if err != nil {
			return nil, err
		}
		with := sedGroup.ReplaceAllString(strings.ReplaceAll(parts[1], "$", "$$"), "$${$1}")
		with = strings.ReplaceAll(with, "&", "${0}")
		return func(_ int, l string) (string, bool) {
			if strings.Contains(parts[2], "g") {
				return re.ReplaceAllString(l, with), true
			}
			if m := re.FindStringSubmatchIndex(l); m != nil {
				return l[:m[0]] + string(re.ExpandString(nil, with, l, m)) + l[m[1]:], true
			}
			return l, true
		}, nil
	}
	if at, ok := strings.CutSuffix(script, "p"); ok && isNumber(at) {
		n, _ := strconv.Atoi(at)
		return func(i int, l string) (string, bool) { return l, i == n }, nil
	}
	if at, ok := strings.CutSuffix(script, "d"); ok && len(at) > 1 && at[0] == '/' && at[len(at)-1] == '/' {
		re, err := regexp.Compile(at[1 : len(at)-1])
		if err != nil {
			return nil, err
		}
		return func(_ int, l string) (string, bool) { return l, !re.MatchString(l) }, nil
	}
	return nil, fmt.Errorf("%q: only s/PATTERN/TEXT/, Np and /PATTERN/d are to be had", script)
}

func tr(_ context.Context, s *shell, args []string) int {
	flags, sets := split(args)
	if len(sets) == 0 || s.stdin == nil {
		return 1
	}
	from := set(sets[0])
	b, err := io.ReadAll(s.stdin)
	if err != nil {
		return s.fail("tr", err)
	}
	var to []rune
	if len(sets) > 1 {
		to = set(sets[1])
	}
	out := strings.Map(func(r rune) rune {
		for i, f := range from {
			if f != r {
				continue
			}
			if has(flags, 'd', "delete") || len(to) == 0 {
				return -1
			}
			return to[min(i, len(to)-1)]
		}
		return r
	}, string(b))
	_, _ = io.WriteString(s.stdout, out)
	return 0
}

// set expands a-z and \n.
func set(s string) []rune {
	s = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r", "[:upper:]", "A-Z", "[:lower:]", "a-z", "[:digit:]", "0-9", "[:space:]", " \t\n").Replace(s)
	in := []rune(s)
	var out []rune
	for i := 0; i < len(in); i++ {
		if i+2 < len(in) && in[i+1] == '-' && in[i+2] >= in[i] {
			for r := in[i]; r <= in[i+2]; r++ {
				out = append(out, r)
			}
			i += 2
			continue
		}
		out = append(out, in[i])
	}
	return out
}

func cut(_ context.Context, s *shell, args []string) int {
	sep, field := "\t", 1
	var files []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case strings.HasPrefix(a, "-d"):
			if sep = a[2:]; sep == "" && i+1 < len(args) {
				i++
				sep = args[i]
			}
		case strings.HasPrefix(a, "-f"):
			v := a[2:]
			if v == "" && i+1 < len(args) {
				i++
				v = args[i]
			}
			field = int(number(v))
		default:
			files = append(files, a)
		}
	}
	r, err := s.input(files)
	if err != nil {
		return s.fail("cut", err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return s.fail("cut", err)
	}
	for _, l := range lines(string(b)) {
		if fs := strings.Split(l, sep); field >= 1 && field <= len(fs) {
			fmt.Fprintln(s.stdout, fs[field-1])
		} else if len(fs) == 1 {
			fmt.Fprintln(s.stdout, l)
		}
	}
	return 0
}
