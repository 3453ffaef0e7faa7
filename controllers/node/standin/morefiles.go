package standin

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// dd copies if=FILE to of=FILE, count blocks of bs bytes.
func dd(ctx context.Context, s *shell, args []string) int {
	block, count := int64(512), int64(-1)
	in, out := s.stdin, s.stdout
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		var err error
		switch name {
		case "bs":
			block, err = size(value)
		case "count":
			count, err = size(value)
		case "if":
			var f io.ReadWriteCloser
			if f, err = s.open(ctx, s.abs(value), os.O_RDONLY); err == nil {
				defer f.Close()
				in = f
			}
		case "of":
			var f io.ReadWriteCloser
			if f, err = s.open(ctx, s.abs(value), os.O_WRONLY|os.O_CREATE|os.O_TRUNC); err == nil {
				defer f.Close()
				out = f
			}
		}
		if err != nil {
			return s.fail("dd", cause(err))
		}
	}
	if in == nil {
		in = strings.NewReader("")
	}
	if count >= 0 {
		in = io.LimitReader(in, count*block)
	}
	n, err := io.Copy(out, untilDone{ctx, in})
	fmt.Fprintf(s.stderr, "%d+%d records in\n%[1]d+%[2]d records out\n%[3]d bytes copied\n", n/block, min(n%block, 1), n)
	if err != nil {
		return s.fail("dd", cause(err))
	}
	return 0
}

// size reads 10, 4k, 1M, 2G.
func size(a string) (int64, error) {
	unit := int64(1)
	for suffix, n := range map[string]int64{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30} {
		if u := strings.TrimSuffix(strings.ToUpper(strings.TrimSuffix(a, "B")), suffix); u != strings.ToUpper(strings.TrimSuffix(a, "B")) {
			unit, a = n, u
			break
		}
	}
	n, err := strconv.ParseInt(a, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("invalid number %q", a)
	}
	return n * unit, nil
}

// truncate gives files the size that -s says.
func truncate(_ context.Context, s *shell, args []string) int {
	if len(args) < 3 || args[0] != "-s" {
		fmt.Fprintln(s.stderr, "truncate: give a size and a file: truncate -s 1M FILE")
		return 1
	}
	n, err := size(args[1])
	if err != nil {
		return s.fail("truncate", err)
	}
	return s.each("truncate", args[2:], func(root *os.Root, rel string) error {
		f, err := root.OpenFile(rel, os.O_WRONLY|os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Truncate(n)
	})
}

// plainly runs a command whose surroundings make no difference here: nohup, setsid, nice.
func plainly(ctx context.Context, s *shell, args []string) int {
	_, rest := split(args)
	if len(rest) == 0 {
		return 0
	}
	for args[0] != rest[0] {
		args = args[1:]
	}
	return s.tool(ctx, args)
}

// free shows memory in kilobytes, or with -m in megabytes.
func free(_ context.Context, s *shell, args []string) int {
	unit := int64(1 << 10)
	if flags, _ := split(args); has(flags, 'm', "mega") {
		unit = 1 << 20
	}
	total := s.p.spec.MemoryLimit
	if total == 0 {
		total = 8 << 30
	}
	used := int64(s.p.Usage().Memory)
	fmt.Fprintf(s.stdout, "              total        used        free\nMem: %14d %11d %11d\n", total/unit, used/unit, (total-used)/unit)
	return 0
}
