package resource

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/podarium/podarium/cluster/livetable"
)

// filter narrows a table. The text is a list of terms, all of which must hold:
//
//	web          any cell contains it, in any case; a regular expression where it has the characters of one
//	!web         no cell does
//	-l app=web   the labels match
//	-f wb        the letters appear in the name in this order
//	STATUS:Run   the cell of that column contains it
//	STATUS:!Run  or does not
type filter struct {
	text  string
	terms []term
}

type term func(columns []livetable.Column, r *livetable.Row, cell cells) bool

// cells gives a row's cell in a column.
type cells func(r *livetable.Row, column int) livetable.Cell

func parseFilter(text string) (filter, error) {
	f := filter{text: text}
	words := strings.Fields(text)
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch w {
		case "-l", "-f":
			if i++; i == len(words) {
				return f, nil // its argument is still being typed
			}
			t, err := flagTerm(w, words[i])
			if err != nil {
				return filter{}, err
			}
			f.terms = append(f.terms, t)
		default:
			t, err := textTerm(w)
			if err != nil {
				return filter{}, err
			}
			f.terms = append(f.terms, t)
		}
	}
	return f, nil
}

func (f filter) holds(columns []livetable.Column, r *livetable.Row, cell cells) bool {
	for _, t := range f.terms {
		if !t(columns, r, cell) {
			return false
		}
	}
	return true
}

func flagTerm(flag, argument string) (term, error) {
	if flag == "-f" {
		return func(_ []livetable.Column, r *livetable.Row, _ cells) bool { return fuzzy(r.Name, argument) }, nil
	}
	sel, err := labels.Parse(argument)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	return func(_ []livetable.Column, r *livetable.Row, _ cells) bool { return sel.Matches(labels.Set(r.Labels)) }, nil
}

func textTerm(w string) (term, error) {
	if column, want, ok := strings.Cut(w, ":"); ok && column != "" && strings.ToUpper(column) == column {
		rest, not := strings.CutPrefix(want, "!")
		m, err := matcher(rest)
		if err != nil {
			return nil, err
		}
		return func(columns []livetable.Column, r *livetable.Row, cell cells) bool {
			for i, c := range columns {
				if strings.EqualFold(strings.ReplaceAll(c.Name, " ", "-"), column) {
					return m(cell(r, i).Text) != not
				}
			}
			return false
		}, nil
	}
	rest, not := strings.CutPrefix(w, "!")
	m, err := matcher(rest)
	if err != nil {
		return nil, err
	}
	return func(_ []livetable.Column, r *livetable.Row, _ cells) bool {
		if m(r.Name) || (r.Namespace != "" && m(r.Namespace)) {
			return !not
		}
		for i := range r.Cells {
			if m(r.Cells[i].Text) {
				return !not
			}
		}
		return not
	}, nil
}

// matcher tells whether a text contains what was typed: as a regular expression where it looks like one.
func matcher(what string) (func(string) bool, error) {
	if !strings.ContainsAny(what, `\^$*+?()[]{}|`) {
		what = strings.ToLower(what)
		return func(s string) bool { return containsFold(s, what) }, nil
	}
	re, err := regexp.Compile("(?i)" + what)
	if err != nil {
		return nil, fmt.Errorf("not a regular expression: %w", err)
	}
	return re.MatchString, nil
}

// containsFold is strings.Contains in any case, for a lower-case what. It makes no new string where both are ASCII: a
// filter looks at every cell of every row with each key typed.
func containsFold(s, what string) bool {
	n := len(what)
	for i := 0; i+n <= len(s); i++ {
		j := 0
		for j < n && lower(s[i+j]) == what[j] {
			j++
		}
		if j == n {
			return true
		}
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Contains(strings.ToLower(s), what)
		}
	}
	return false
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func fuzzy(s, letters string) bool {
	s, letters = strings.ToLower(s), strings.ToLower(letters)
	for _, r := range letters {
		i := strings.IndexRune(s, r)
		if i < 0 {
			return false
		}
		s = s[i+len(string(r)):]
	}
	return true
}
