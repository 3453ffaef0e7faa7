package resource

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/podarium/podarium/cluster/livetable"
)

// filter narrows a table. The text is a list of terms, all of which must hold:
//
//	web            any cell contains it, in any case; a regular expression where it has the characters of one
//	!web           no cell does
//	-l app=web     the labels match
//	-f wb          the letters appear in the name in this order
//	STATUS:Run     the cell of that column contains it
//	STATUS:!Run    or does not; !STATUS:Run is the same
//	RESTARTS:>3    the number in that column is greater; also <, >=, <= and =
//	AGE:<5m        it is younger than that
//
// A column is named as its heading is, in capitals, with a hyphen for each blank: LAST-SEEN:<1h.
type filter struct {
	text  string
	terms []term
	// timed says that what it holds for changes as time passes.
	timed bool
}

// term says whether it holds for a row.
type term func(s *sight, r *livetable.Row) bool

// sight is what a term sees of a table.
type sight struct {
	columns []livetable.Column
	cell    func(r *livetable.Row, column int) livetable.Cell
	now     time.Time
}

// parseFilter reads a filter for a table with some columns. While these are not known, as before the first rows, every
// column is taken for one.
func parseFilter(text string, columns []livetable.Column) (filter, error) {
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
			if err := f.add(w, columns); err != nil {
				return filter{}, err
			}
		}
	}
	return f, nil
}

// add adds the term of a word, which is about a column or about all of them.
func (f *filter) add(w string, columns []livetable.Column) error {
	rest, not := strings.CutPrefix(w, "!")
	name, want, ok := strings.Cut(rest, ":")
	if ok && name != "" && name == strings.ToUpper(name) && strings.ToLower(name) != name {
		c, err := newColumnTerm(name, want, columns)
		if err != nil {
			return err
		}
		c.not = c.not != not
		f.terms = append(f.terms, c.holds)
		f.timed = f.timed || c.duration > 0
		return nil
	}
	m, err := matcher(rest)
	if err != nil {
		return err
	}
	f.terms = append(f.terms, func(_ *sight, r *livetable.Row) bool {
		if m(r.Name) || (r.Namespace != "" && m(r.Namespace)) {
			return !not
		}
		for i := range r.Cells {
			if m(r.Cells[i].Text) {
				return !not
			}
		}
		return not
	})
	return nil
}

func (f filter) holds(s *sight, r *livetable.Row) bool {
	for _, t := range f.terms {
		if !t(s, r) {
			return false
		}
	}
	return true
}

func flagTerm(flag, argument string) (term, error) {
	if flag == "-f" {
		return func(_ *sight, r *livetable.Row) bool { return fuzzy(r.Name, argument) }, nil
	}
	sel, err := labels.Parse(argument)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	return func(_ *sight, r *livetable.Row) bool { return sel.Matches(labels.Set(r.Labels)) }, nil
}

// matcher tells whether a text contains what was typed: as a regular expression where it looks like one.
func matcher(what string) (func(string) bool, error) {
	if !strings.ContainsAny(what, `\^$*+?()[]{}|`) {
		what = strings.ToLower(what)
		return func(s string) bool { return containsFold(s, what) }, nil
	}
	re, err := regexp.Compile("(?i)" + what)
	var wrong *syntax.Error
	switch {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("%s is not a regular expression: %s", what, wrong.Code)
	case err != nil:
		return nil, fmt.Errorf("%s is not a regular expression: %w", what, err)
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
