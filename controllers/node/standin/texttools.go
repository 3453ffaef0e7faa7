package standin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func textTools() map[string]tool {
	return map[string]tool{"grep": grep, "egrep": grep, "sed": sed, "tr": tr, "cut": cut, "rev": filter(rev), "nl": filter(nl)}
}

func rev(_, in []string) []string {
	for i, l := range in {
		r := []rune(l)
		for a, b := 0, len(r)-1; a < b; a, b = a+1, b-1 {
			r[a], r[b] = r[b], r[a]
		}
		in[i] = string(r)
	}
	return in
}

func nl(_, in []string) []string {
	for i, l := range in {
		in[i] = fmt.Sprintf("%6d\t%s", i+1, l)
	}
	return in
}

// tail prints the end of a file: -n N, -N, -c N, and -f to go on.

func tail(ctx context.Context, s *shell, args []string) int {
	n, follow, bytes := 10, false, false
	from := 0 // the first line, by +N
	var files []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case (a == "-n" || a == "-c") && i+1 < len(args):
			i++
			n, bytes = int(number(strings.TrimPrefix(args[i], "+"))), a == "-c"
			if strings.HasPrefix(args[i], "+") {
				from = n
			}
		case a == "-f" || a == "-F":
			follow = true
		case strings.HasPrefix(a, "-n") || strings.HasPrefix(a, "-c"):
			n, bytes = int(number(a[2:])), a[1] == 'c'
		case len(a) > 1 && a[0] == '-' && isNumber(a[1:]):
			n = int(number(a[1:]))
		default:
			files = append(files, a)
		}
	}
	if n < 0 {
		n = -n
	}
	r, err := s.input(files)
	if len(files) == 1 && files[0] == "/dev/null" {
		r, err = strings.NewReader(""), nil
	}
	if err != nil {
		return s.fail("tail", err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return s.fail("tail", err)
	}
	if bytes {
		_, _ = s.stdout.Write(b[max(0, len(b)-n):])
	} else {
		ls := lines(string(b))
		begin := max(0, len(ls)-n)
		if from > 0 {
			begin = min(from-1, len(ls))
		}
		for _, l := range ls[begin:] {
			fmt.Fprintln(s.stdout, l)
		}
	}
	if !follow || len(files) != 1 {
		return 0
	}
	if device(files[0]) != nil {
		<-ctx.Done()
		return 143
	}
	return s.followFile(ctx, files[0], int64(len(b)))
}

// followFile prints what is added to a file.
func (s *shell) followFile(ctx context.Context, name string, at int64) int {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return 143
		case <-tick.C:
		}
		info, err := s.p.files.stat(s.abs(name), true)
		if err != nil || info.Size() == at {
			continue
		}
		if info.Size() < at {
			at = 0
		}
		f, err := s.p.files.open(s.abs(name), os.O_RDONLY, 0)
		if err != nil {
			continue
		}
		if sk, ok := f.(io.Seeker); ok {
			_, _ = sk.Seek(at, io.SeekStart)
		}
		n, _ := io.Copy(s.stdout, f)
		at += n
		_ = f.Close()
	}
}

func head(_ context.Context, s *shell, args []string) int {
	n := 10
	var files []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case (a == "-n" || a == "-c") && i+1 < len(args):
			i++
			n = int(number(args[i]))
			if a == "-c" {
				n = -n
			}
		case strings.HasPrefix(a, "-n"):
			n = int(number(a[2:]))
		case strings.HasPrefix(a, "-c"):
			n = -int(number(a[2:]))
		case len(a) > 1 && a[0] == '-' && isNumber(a[1:]):
			n = int(number(a[1:]))
		default:
			files = append(files, a)
		}
	}
	var r io.Reader
	if len(files) == 1 && device(files[0]) != nil {
		r = device(files[0])
	} else {
		var err error
		if r, err = s.input(files); err != nil {
			return s.fail("head", err)
		}
	}
	if n < 0 {
		_, _ = io.Copy(s.stdout, io.LimitReader(r, int64(-n)))
		return 0
	}
	sc := bufio.NewReader(r)
	for range n {
		l, err := sc.ReadString('\n')
		_, _ = io.WriteString(s.stdout, l)
		if err != nil {
			break
		}
	}
	return 0
}

func wc(_ context.Context, s *shell, args []string) int {
	flags, files := split(args)
	r, err := s.input(files)
	if err != nil {
		return s.fail("wc", err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return s.fail("wc", err)
	}
	counts := []struct {
		flag byte
		long string
		n    int
	}{{'l', "lines", strings.Count(string(b), "\n")}, {'w', "words", len(strings.Fields(string(b)))}, {'c', "bytes", len(b)}}
	var out []string
	for _, c := range counts {
		if len(flags) == 0 || has(flags, c.flag, c.long) {
			out = append(out, strconv.Itoa(c.n))
		}
	}
	fmt.Fprintln(s.stdout, strings.Join(append(out, files...), " "))
	return 0
}

func grep(_ context.Context, s *shell, args []string) int {
	flags, rest := split(args)
	if len(rest) == 0 {
		fmt.Fprintln(s.stderr, "grep: a pattern is needed")
		return 2
	}
	pattern := rest[0]
	if has(flags, 'F', "fixed-strings") {
		pattern = regexp.QuoteMeta(pattern)
	}
	if has(flags, 'i', "ignore-case") {
		pattern = "(?i)" + pattern
	}
	if has(flags, 'w', "word-regexp") {
		pattern = `\b(` + pattern + `)\b`
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		fmt.Fprintf(s.stderr, "grep: %v\n", err)
		return 2
	}
	r, err := s.input(rest[1:])
	if err != nil {
		s.fail("grep", err)
		return 2
	}
	found := 0
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		if re.MatchString(sc.Text()) == has(flags, 'v', "invert-match") {
			continue
		}
		found++
		switch {
		case has(flags, 'q', "quiet"):
			return 0
		case has(flags, 'c', "count"):
		case has(flags, 'o', "only-matching"):
			for _, m := range re.FindAllString(sc.Text(), -1) {
				fmt.Fprintln(s.stdout, m)
			}
		case has(flags, 'n', "line-number"):
			fmt.Fprintf(s.stdout, "%d:%s\n", n, sc.Text())
		default:
			fmt.Fprintln(s.stdout, sc.Text())
		}
	}
	if has(flags, 'c', "count") {
		fmt.Fprintln(s.stdout, found)
	}
	if found == 0 {
		return 1
	}
	return 0
}
