package standin

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

// sed is the stream editor. Addresses are N, $, /PATTERN/, ranges of these, and !; commands are s (with g, p, i and a
// number), y, p, d, q, =, a, i and c; options are -n, -e, -E or -r, and -i. What it has not (labels, the hold space, groups
// of commands) is refused by name.
func sed(_ context.Context, s *shell, args []string) int {
	o, err := sedOptions(args)
	if err != nil {
		return s.fail("sed", err)
	}
	script, err := parseSed(strings.Join(o.scripts, "\n"), o.extended)
	if err != nil {
		return s.fail("sed", err)
	}
	if !o.inPlace {
		r, err := s.input(o.files)
		if err != nil {
			return s.fail("sed", err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return s.fail("sed", err)
		}
		_, _ = io.WriteString(s.stdout, script.run(lines(string(b)), o.quiet))
		return 0
	}
	for _, f := range o.files {
		b, err := s.p.files.readFile(s.abs(f))
		if err != nil {
			return s.fail("sed", fmt.Errorf("%s: %w", f, cause(err)))
		}
		out := script.run(lines(string(b)), o.quiet)
		if code := s.each("sed", []string{f}, func(root *os.Root, rel string) error { return root.WriteFile(rel, []byte(out), 0o644) }); code != 0 {
			return code
		}
	}
	return 0
}

type sedOption struct {
	scripts, files           []string
	quiet, extended, inPlace bool
}

func sedOptions(args []string) (o sedOption, err error) {
	var rest []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "-" || !strings.HasPrefix(a, "-") || strings.HasPrefix(a, "--") {
			if v, ok := strings.CutPrefix(a, "--expression="); ok {
				o.scripts = append(o.scripts, v)
			} else if a != "--" {
				rest = append(rest, a)
			}
			continue
		}
	flags:
		for at, c := range a[1:] {
			switch c {
			case 'n':
				o.quiet = true
			case 'E', 'r':
				o.extended = true
			case 's', 'u':
			case 'i':
				o.inPlace = true
				break flags // what follows is the ending of a backup, which is not made
			case 'e':
				v := a[1+at+1:]
				if v == "" && i+1 < len(args) {
					i++
					v = args[i]
				}
				o.scripts = append(o.scripts, v)
				break flags
			default:
				return o, fmt.Errorf("invalid option -- '%c'", c)
			}
		}
	}
	if len(o.scripts) == 0 {
		if len(rest) == 0 {
			return o, fmt.Errorf("a script is needed")
		}
		o.scripts, rest = rest[:1], rest[1:]
	}
	o.files = rest
	return o, nil
}

// run gives what the script makes of the lines.
func (s sedScript) run(in []string, quiet bool) string {
	var out strings.Builder
	for i := range s {
		s[i].inside = false
	}
	for i, l := range in {
		n, last := i+1, i == len(in)-1
		var after []string
		gone, quit := false, false
	commands:
		for c := range s {
			cmd := &s[c]
			if cmd.selects(n, last, l) == cmd.not {
				continue
			}
			switch cmd.verb {
			case 's':
				replaced, ok := cmd.replace(l)
				if l = replaced; ok && cmd.print {
					out.WriteString(l + "\n")
				}
			case 'y':
				l = strings.Map(func(r rune) rune {
					if to, ok := cmd.letters[r]; ok {
						return to
					}
					return r
				}, l)
			case 'p':
				out.WriteString(l + "\n")
			case '=':
				fmt.Fprintln(&out, n)
			case 'i':
				out.WriteString(cmd.text + "\n")
			case 'a':
				after = append(after, cmd.text)
			case 'c':
				if cmd.to == nil || last || !cmd.inside { // a range is changed as a whole
					out.WriteString(cmd.text + "\n")
				}
				gone = true
				break commands
			case 'd':
				gone = true
				break commands
			case 'q':
				quit = true
				break commands
			}
		}
		if !gone && !quiet {
			out.WriteString(l + "\n")
		}
		for _, t := range after {
			out.WriteString(t + "\n")
		}
		if quit {
			break
		}
	}
	return out.String()
}
