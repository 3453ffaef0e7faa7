package changes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/edit"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// draft is an object in the user's editor.
type draft struct {
	scope   *screen.Scope
	object  screen.Object
	session *edit.Session
	file    string
}

// EditInEditor gives an object to the user's editor and proposes what came of it. What was typed is kept until it is
// applied: where it cannot be read, the server would refuse it, or somebody else changed the same, the editor can be opened again,
// with what is wrong as a comment.
func EditInEditor(s *screen.Scope, o screen.Object) {
	c := s.Cluster()
	if c.ReadOnly() {
		s.Fail(fmt.Errorf("edit %s: %w", o.Name, change.ErrReadOnly))
		return
	}
	screen.Call(s, "read "+o.Name, planTimeout, func(ctx context.Context) (*draft, error) {
		session, err := edit.Begin(ctx, c, Ref(o))
		if err != nil {
			return nil, err
		}
		file, err := TempFile("edit", o.Name+".yaml", session.Text)
		return &draft{scope: s, object: o, session: session, file: file}, err
	}, func(d *draft, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		d.open()
	})
}

func (d *draft) open() {
	InEditor(d.scope, d.file, func(err error) {
		if err != nil {
			d.again(err)
			return
		}
		d.propose()
	})
}

// errUnchanged is what an edit comes to that changed nothing.
var errUnchanged = fmt.Errorf("nothing was changed: %w", change.ErrNothingToDo)

func (d *draft) propose() {
	c := d.scope.Cluster()
	screen.Call(d.scope, "plan: edit "+d.object.Name, planTimeout, func(ctx context.Context) (*change.Plan, error) {
		typed, err := os.ReadFile(d.file)
		if err != nil {
			return nil, err
		}
		typed = withoutRemarks(typed)
		if bytes.Equal(typed, d.session.Text) {
			return nil, errUnchanged
		}
		return d.session.Plan(ctx, c, typed)
	}, func(p *change.Plan, err error) {
		switch {
		case errors.Is(err, change.ErrNothingToDo):
			d.drop()
			d.scope.Say(screen.Idle, err.Error())
		case err != nil:
			d.again(err)
		default:
			ask := newPreview(d.scope, []*change.Plan{p}, func() {
				applyThen(d.scope, []*change.Plan{p}, func(err error) {
					if err != nil {
						d.again(err)
						return
					}
					d.drop()
				})
			})
			ask.refused = func() { d.scope.Say(screen.Idle, "not applied; the text is kept in "+d.file) }
			d.scope.Ask(ask)
		}
	})
}

// again says what is wrong and offers the editor: on the same text, or after a conflict on the newer object.
func (d *draft) again(err error) {
	title, accept, then := "This cannot be applied", "Edit again", func() { d.remark(err) }
	if errors.Is(err, change.ErrConflict) {
		title, accept, then = "Somebody else changed it too", "Edit the newer one", d.rebase
	}
	d.scope.Ask(dialog.NewConfirm(d.scope, dialog.Confirm{
		Title: title, Text: err.Error() + "\n\nThe text is kept in " + d.file, Accept: accept, Then: then,
	}))
}

// remarkSign begins the lines that are said to the user in the text, and taken off again.
const remarkSign = "# podarium: "

func remarks(text string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString(strings.TrimRight(remarkSign+l, " ") + "\n")
	}
	return b.String()
}

// yamlLine is where a YAML parser found something wrong.
var yamlLine = regexp.MustCompile(`\byaml: line (\d+)`)

// below is an error about a text as one about the same text with the error as a remark above it.
func below(text string) string {
	above := strings.Count(remarks(text), "\n")
	return yamlLine.ReplaceAllStringFunc(text, func(m string) string {
		n, err := strconv.Atoi(yamlLine.FindStringSubmatch(m)[1])
		if err != nil {
			return m
		}
		return fmt.Sprintf("yaml: line %d", n+above)
	})
}

func withoutRemarks(text []byte) []byte {
	for bytes.HasPrefix(text, []byte(strings.TrimSpace(remarkSign))) {
		_, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
	}
	return text
}

// remark opens the editor on the same text with what is wrong above it.
func (d *draft) remark(err error) {
	d.write(func(context.Context) (*edit.Session, []byte, error) {
		typed, readErr := os.ReadFile(d.file)
		return d.session, append([]byte(remarks(below(err.Error()))), withoutRemarks(typed)...), readErr
	})
}

// rebase opens the editor on the object as it is now, with what the user had changed above it.
func (d *draft) rebase() {
	c := d.scope.Cluster()
	d.write(func(ctx context.Context) (*edit.Session, []byte, error) {
		typed, err := os.ReadFile(d.file)
		if err != nil {
			return nil, nil, err
		}
		mine := filepath.Join(filepath.Dir(d.file), "mine-"+filepath.Base(d.file))
		if err := os.WriteFile(mine, typed, 0o600); err != nil {
			return nil, nil, err
		}
		newer, err := d.session.Rebase(ctx, c)
		if err != nil {
			return nil, nil, err
		}
		var b strings.Builder
		fmt.Fprintf(&b, "This is the object as it is now. You had changed (the whole text is in %s):\n", mine)
		lines := func(text []byte) []string { return strings.Split(strings.TrimRight(string(text), "\n"), "\n") }
		for _, l := range change.DiffText(lines(d.session.Text), lines(withoutRemarks(typed))) {
			fmt.Fprintf(&b, "%c %s\n", l.Op, l.Text)
		}
		return newer, append([]byte(remarks(b.String())), newer.Text...), nil
	})
}

// write puts another text into the file, and opens the editor on it.
func (d *draft) write(text func(context.Context) (*edit.Session, []byte, error)) {
	screen.Call(d.scope, "read "+d.object.Name, planTimeout, func(ctx context.Context) (*edit.Session, error) {
		session, content, err := text(ctx)
		if err != nil {
			return nil, err
		}
		return session, os.WriteFile(d.file, content, 0o600)
	}, func(session *edit.Session, err error) {
		if err != nil {
			d.scope.Fail(fmt.Errorf("%w   (the text is kept in %s)", err, d.file))
			return
		}
		d.session = session
		d.open()
	})
}

// drop removes the text, off the UI's goroutine.
func (d *draft) drop() {
	dir := filepath.Dir(d.file)
	go func() { _ = os.RemoveAll(dir) }() // a temporary directory of ours; what is left of it harms nobody
}
