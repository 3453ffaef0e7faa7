package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	screenOf = regexp.MustCompile("(?s)\n```\n podarium .*?```")
	heading  = regexp.MustCompile(`(?m)^#+ `)
	row      = regexp.MustCompile(`(?m)^(\|.*)\|$`)
	link     = regexp.MustCompile(`\]\(([^)]+)\)`)
	point    = regexp.MustCompile(`(?m)^- `)
	figure   = regexp.MustCompile(`\b[0-9]+([.,][0-9]+)*`)

	fence  = regexp.MustCompile("(?s)\n```sh\n(.*?)```")
	inline = regexp.MustCompile("`([^`\n]+)`")
)

// said are the commands and keys of a README, in order: the lines of its shell blocks without comments, and what stands in code in
// its text.
func said(t *testing.T, name string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	var all []string
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		for line := range strings.SplitSeq(m[1], "\n") {
			if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) != "" {
				all = append(all, strings.TrimSpace(line))
			}
		}
	}
	text = regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, "")
	for _, m := range inline.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}

func TestBothREADMEsHaveTheSameCommands(t *testing.T) {
	english, chinese := said(t, "README.md"), said(t, "README.zh-CN.md")
	for _, c := range english {
		if i := slices.Index(chinese, c); i >= 0 {
			chinese = slices.Delete(chinese, i, i+1)
		} else {
			t.Errorf("README.zh-CN.md lacks `%s`", c)
		}
	}
	for _, c := range chinese {
		t.Errorf("README.md lacks `%s`", c)
	}
}

// The READMEs are written in two languages, so that nothing but what is in none can be compared: how they are built, the screen that they
// show, where they lead, and every figure.
func TestBothREADMEsSayTheSame(t *testing.T) {
	type side struct{ headings, rows, screens, links, points, figures []string }
	read := func(name string) (s side) {
		raw, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		s.headings = heading.FindAllString(text, -1)
		s.screens = screenOf.FindAllString(text, -1)
		s.points = point.FindAllString(text, -1)
		for _, r := range row.FindAllString(text, -1) {
			s.rows = append(s.rows, strings.Repeat("|", strings.Count(r, "|")))
		}
		for _, l := range link.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(l[1], "README") { // to each other
				s.links = append(s.links, l[1])
			}
		}
		s.figures = figure.FindAllString(regexp.MustCompile("(?s)```.*?```|`[^`\n]+`").ReplaceAllString(text, ""), -1)
		slices.Sort(s.links)
		slices.Sort(s.figures)
		return s
	}
	english, chinese := read("README.md"), read("README.zh-CN.md")
	for _, c := range []struct {
		what             string
		english, chinese []string
	}{
		{"headings", english.headings, chinese.headings},
		{"screens", english.screens, chinese.screens},
		{"points", english.points, chinese.points},
		{"rows of tables", english.rows, chinese.rows},
		{"links", english.links, chinese.links},
		{"figures", english.figures, chinese.figures},
	} {
		if len(c.english) == 0 || !slices.Equal(c.english, c.chinese) {
			t.Errorf("README.md and README.zh-CN.md have other %s:\n%q\n%q", c.what, c.english, c.chinese)
		}
	}
}

// Every command in the README exists.
func TestTheREADMEsCommandsExist(t *testing.T) {
	for _, line := range said(t, "README.md") {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "podarium" {
			continue
		}
		root := newRoot()
		root.InitDefaultCompletionCmd()
		cmd, rest, err := root.Find(words[1:])
		if err != nil {
			t.Errorf("`%s`: %v", line, err)
			continue
		}
		if cmd.DisableFlagParsing || strings.Contains(line, "...") {
			continue
		}
		for _, w := range rest {
			if name, ok := strings.CutPrefix(w, "--"); ok {
				name, _, _ = strings.Cut(name, "=")
				if cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
					t.Errorf("`%s`: there is no flag --%s", line, name)
				}
			}
		}
	}
}
