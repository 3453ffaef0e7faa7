package standin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

func lineTools() map[string]tool {
	return map[string]tool{"awk": awk, "diff": diff, "hexdump": hexdump, "od": od, "paste": paste, "uniq": filter(uniq)}
}

// uniq knows -c, -d, -u and -i.
func uniq(flags, in []string) []string {
	same := func(a, b string) bool { return a == b }
	if has(flags, 'i', "ignore-case") {
		same = strings.EqualFold
	}
	var out []string
	for len(in) > 0 {
		n := slices.IndexFunc(in, func(l string) bool { return !same(l, in[0]) })
		if n < 0 {
			n = len(in)
		}
		switch {
		case has(flags, 'd', "repeated") && n == 1, has(flags, 'u', "unique") && n > 1:
		case has(flags, 'c', "count"):
			out = append(out, fmt.Sprintf("%7d %s", n, in[0]))
		default:
			out = append(out, in[0])
		}
		in = in[n:]
	}
	return out
}

// paste puts the lines of files side by side, or with -s those of each file; -d LIST is what comes between.
func paste(_ context.Context, s *shell, args []string) int {
	between, serial := []rune("\t"), false
	var files []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "-" || !strings.HasPrefix(a, "-") {
			files = append(files, a)
			continue
		}
		a = a[1:]
		if rest, ok := strings.CutPrefix(a, "s"); ok {
			serial, a = true, rest
		}
		if list, ok := strings.CutPrefix(a, "d"); ok {
			if list == "" && i+1 < len(args) {
				i++
				list = args[i]
			}
			between = []rune(strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\0`, "\x00", `\\`, `\`).Replace(list))
		}
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	typed := 0 // how many of the files are standard input, which they take in turns
	for _, f := range files {
		if f == "-" {
			typed++
		}
	}
	columns := make([][]string, len(files))
	var stdin []string
	for i, f := range files {
		r, err := s.input([]string{f})
		if err != nil {
			return s.fail("paste", err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return s.fail("paste", err)
		}
		if columns[i] = lines(string(b)); f == "-" && len(stdin) == 0 {
			stdin = columns[i]
		}
	}
	if typed > 1 && !serial {
		turn := 0
		for i, f := range files {
			if f != "-" {
				continue
			}
			columns[i] = nil
			for at := turn; at < len(stdin); at += typed {
				columns[i] = append(columns[i], stdin[at])
			}
			turn++
		}
	}
	join := func(words []string) {
		var line strings.Builder
		for i, w := range words {
			if i > 0 && len(between) > 0 && between[(i-1)%len(between)] != 0 {
				line.WriteRune(between[(i-1)%len(between)])
			}
			line.WriteString(w)
		}
		fmt.Fprintln(s.stdout, line.String())
	}
	if serial {
		for _, c := range columns {
			join(c)
		}
		return 0
	}
	for row := 0; slices.ContainsFunc(columns, func(c []string) bool { return row < len(c) }); row++ {
		words := make([]string, len(columns))
		for i, c := range columns {
			if row < len(c) {
				words[i] = c[row]
			}
		}
		join(words)
	}
	return 0
}

// diff gives the unified format, as busybox does; -q says only that there is a difference.
func diff(_ context.Context, s *shell, args []string) int {
	flags, files := split(args)
	if len(files) != 2 {
		fmt.Fprintln(s.stderr, "diff: two files are needed")
		return 2
	}
	var texts [2]string
	for i, f := range files {
		r, err := s.input([]string{f})
		if err == nil {
			var b []byte
			b, err = io.ReadAll(r)
			texts[i] = string(b)
		}
		if err != nil {
			s.fail("diff", err)
			return 2
		}
	}
	if texts[0] == texts[1] {
		return 0
	}
	if has(flags, 'q', "brief") {
		fmt.Fprintf(s.stdout, "Files %s and %s differ\n", files[0], files[1])
	} else {
		_ = difflib.WriteUnifiedDiff(s.stdout, difflib.UnifiedDiff{
			A: difflib.SplitLines(strings.TrimSuffix(texts[0], "\n")), B: difflib.SplitLines(strings.TrimSuffix(texts[1], "\n")),
			FromFile: files[0], ToFile: files[1], Context: 3,
		})
	}
	return 1
}

// od knows -c, -b, -t x1 and -A n, d, o, x.
func od(_ context.Context, s *shell, args []string) int {
	format, base := "o2", "o"
	var files []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		value := func() string {
			if len(a) == 2 && i+1 < len(args) {
				i++
				return args[i]
			}
			return a[2:]
		}
		switch {
		case a == "-v":
		case strings.HasPrefix(a, "-A"):
			base = value()
		case strings.HasPrefix(a, "-t"):
			format = value()
		case a == "-c":
			format = "c"
		case a == "-b":
			format = "o1"
		case a == "-" || !strings.HasPrefix(a, "-"):
			files = append(files, a)
		default:
			format = a
		}
	}
	one := map[string]func(byte) string{
		"c":  character,
		"o1": func(b byte) string { return fmt.Sprintf(" %03o", b) },
		"x1": func(b byte) string { return fmt.Sprintf(" %02x", b) },
	}[format]
	address := map[string]string{"o": "%07o", "d": "%07d", "x": "%06x", "n": ""}
	at, known := address[base]
	if one == nil || !known {
		fmt.Fprintln(s.stderr, "od: only -c, -b (-t o1) and -t x1 are to be had, with -A o, d, x or n")
		return 1
	}
	return s.dump("od", files, at, func(row []byte) string {
		var out strings.Builder
		for _, b := range row {
			out.WriteString(one(b))
		}
		return out.String()
	})
}

// character is a byte as od -c shows it.
func character(b byte) string {
	if i := strings.IndexByte("\x00\a\b\t\n\v\f\r", b); i >= 0 {
		return `  \` + "0abtnvfr"[i:i+1]
	}
	if b < ' ' || b > '~' {
		return fmt.Sprintf(" %03o", b)
	}
	return "   " + string(rune(b))
}

// hexdump is hexdump -C.
func hexdump(_ context.Context, s *shell, args []string) int {
	flags, files := split(args)
	if !has(flags, 'C', "canonical") {
		fmt.Fprintln(s.stderr, "hexdump: only -C is to be had")
		return 1
	}
	return s.dump("hexdump", files, "%08x", func(row []byte) string {
		var hex, text strings.Builder
		for i, b := range row {
			if i == 8 {
				hex.WriteByte(' ')
			}
			fmt.Fprintf(&hex, " %02x", b)
			if b < ' ' || b > '~' {
				b = '.'
			}
			text.WriteByte(b)
		}
		return fmt.Sprintf(" %-49s  |%s|", hex.String(), text.String())
	})
}

// dump prints 16 bytes a line after their address; lines like the one before become a star.
func (s *shell) dump(name string, files []string, address string, row func([]byte) string) int {
	r, err := s.input(files)
	if err != nil {
		return s.fail(name, err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return s.fail(name, err)
	}
	at := func(i int) string {
		if address == "" {
			return ""
		}
		return fmt.Sprintf(address, i)
	}
	var before []byte
	starred := false
	for i := 0; i < len(b); i += 16 {
		part := b[i:min(i+16, len(b))]
		if bytes.Equal(part, before) {
			if !starred {
				fmt.Fprintln(s.stdout, "*")
			}
			starred = true
			continue
		}
		before, starred = part, false
		fmt.Fprintln(s.stdout, at(i)+row(part))
	}
	if address != "" {
		fmt.Fprintln(s.stdout, at(len(b)))
	}
	return 0
}

// digits says whether a word is a number of more than two, as a descriptor of a script's own is.
func digits(word string) (int, bool) {
	n, err := strconv.Atoi(word)
	return n, err == nil && n > 2
}
