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
