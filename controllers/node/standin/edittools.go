package standin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

func tr(ctx context.Context, s *shell, args []string) int {
	flags, sets := split(args)
	if len(sets) == 0 || s.stdin == nil {
		return 1
	}
	from := set(sets[0])
	var to []rune
	if len(sets) > 1 {
		to = set(sets[1])
	}
	complement, drop, squeeze := has(flags, 'c', "complement") || has(flags, 'C', ""), has(flags, 'd', "delete"), has(flags, 's', "squeeze-repeats")
	var before rune = -1
	change := func(r rune) rune {
		i := slices.Index(from, r)
		if complement {
			if i = slices.Index(from, r); i < 0 {
				i = len(to)
			} else {
				i = -1
			}
		}
		if i < 0 {
			before = -1
			return r
		}
		if drop {
			return -1
		}
		if len(to) > 0 {
			r = to[min(i, len(to)-1)]
		}
		if squeeze && r == before {
			return -1
		}
		before = r
		return r
	}
	in, out := bufio.NewReader(s.stdin), bufio.NewWriter(s.stdout)
	for ctx.Err() == nil {
		r, _, err := in.ReadRune()
		if err != nil {
			break
		}
		if r = change(r); r >= 0 {
			_, _ = out.WriteRune(r) // Flush tells of the error
		}
		if in.Buffered() == 0 && out.Flush() != nil { // nobody reads on
			return 1
		}
	}
	_ = out.Flush()
	return 0
}

// set expands a-z and \n.
func set(s string) []rune {
	s = strings.NewReplacer(`\000`, "\x00", `\0`, "\x00", "[:alnum:]", "A-Za-z0-9", "[:alpha:]", "A-Za-z", `\n`, "\n", `\t`, "\t", `\r`, "\r", "[:upper:]", "A-Z", "[:lower:]", "a-z", "[:digit:]", "0-9", "[:space:]", " \t\n").Replace(s)
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

// cut prints fields (-f, between -d) or characters (-c) of each line: 2, 1,3, 2-4, 2- and -3.
func cut(_ context.Context, s *shell, args []string) int {
	sep, list, characters := "\t", "", false
	var files []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if len(a) < 2 || a[0] != '-' || !strings.ContainsRune("dfcbs", rune(a[1])) {
			files = append(files, a)
			continue
		}
		v := a[2:]
		if a[1] != 's' && v == "" && i+1 < len(args) {
			i++
			v = args[i]
		}
		switch a[1] {
		case 'd':
			sep = v
		case 'f':
			list = v
		case 'c', 'b':
			list, characters = v, true
		}
	}
	wanted, err := ranges(list)
	if err != nil {
		return s.fail("cut", err)
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
		between, parts := sep, strings.Split(l, sep)
		if characters {
			between, parts = "", strings.Split(l, "")
		} else if len(parts) == 1 {
			fmt.Fprintln(s.stdout, l)
			continue
		}
		var out []string
		for i, part := range parts {
			if wanted(i + 1) {
				out = append(out, part)
			}
		}
		fmt.Fprintln(s.stdout, strings.Join(out, between))
	}
	return 0
}

// ranges says which numbers a list such as 1,3-5,7- names.
func ranges(list string) (func(int) bool, error) {
	var from, to []int
	for _, part := range strings.Split(list, ",") {
		a, b, open := strings.Cut(part, "-")
		if !open {
			b = a
		}
		if a == "" {
			a = "1"
		}
		if b == "" {
			b = strconv.Itoa(math.MaxInt32)
		}
		x, err := strconv.Atoi(a)
		y, err2 := strconv.Atoi(b)
		if err != nil || err2 != nil || part == "-" || part == "" {
			return nil, fmt.Errorf("%q is no list of fields: give for example -f 1,3-5", list)
		}
		from, to = append(from, x), append(to, y)
	}
	return func(n int) bool {
		for i := range from {
			if n >= from[i] && n <= to[i] {
				return true
			}
		}
		return false
	}, nil
}
