package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a configuration, and where.
type Problem struct {
	// File is the path of the file; empty where none can be named.
	File string
	// Line and Column count from 1; 0 where they are not known.
	Line, Column int
	// Text says what is wrong and what to do.
	Text string
	// Warning says that the configuration is good all the same.
	Warning bool
}

func (p Problem) Error() string {
	switch {
	case p.File == "":
		return p.Text
	case p.Line == 0:
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Problems are all things that are wrong, in the order of the files.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

// nearest is the candidate that a mistyped name probably means, "" where none is near.
func nearest(name string, candidates []string) string {
	best, least := "", max(1, len(name)/3)+1
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c
		}
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// Unknown says that a name is not known, and which one is probably meant.
func Unknown(what, name string, candidates []string) string {
	if n := nearest(name, candidates); n != "" {
		return fmt.Sprintf("unknown %s %q: do you mean %q?", what, name, n)
	}
	if len(candidates) == 0 {
		return fmt.Sprintf("unknown %s %q", what, name)
	}
	return fmt.Sprintf("unknown %s %q: there are %s", what, name, strings.Join(candidates, ", "))
}

// distance is how many letters have to be put in, taken out, replaced or swapped with the next one to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range y {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
