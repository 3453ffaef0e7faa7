package screen

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/style"
)

// Host is the frame, as a Scope sees it. Screens use their Scope.
type Host interface {
	Cluster() *cluster.Cluster
	Styles() *style.Styles
	Now() time.Time
	Open(Request)
	Replace(Request)
	Handles(Request) bool
	Back()
	Ask(Dialog)
	Say(State)
	Copy(text string)
	// Exec gives the terminal to a command until that ends, and then runs done on the UI's goroutine.
	Exec(c tea.ExecCommand, done func(error))
	Service(key any, make func() any) any
	// Run runs f on a goroutine of its own, and then what it returns on the UI's goroutine. The status line shows what;
	// where that is empty nobody waits for it.
	Run(what string, cancel context.CancelFunc, f func() (then func()))
	// After runs f on the UI's goroutine after a time.
	After(d time.Duration, f func())
	// Live runs f on the UI's goroutine, at most once a frame, after something came from the channel, until ctx ends. f says
	// whether anything that is on the screen has changed.
	Live(ctx context.Context, changed <-chan struct{}, f func() (seen bool))
}

// Scope is a screen's way to all that lies outside of it, for as long as the screen is open.
// Its methods are called on the UI's goroutine; the functions handed to it are too, but for the body of a Call.
type Scope struct {
	host   Host
	life   func() context.Context
	end    context.CancelFunc
	closed bool
	// covered says that another screen hides this one; missed is what it has not heard since.
	covered bool
	missed  []func()
}

// NewScope makes a scope that ends with ctx or with Close, whichever is first. Only the frame and tests need it.
func NewScope(ctx context.Context, h Host) *Scope {
	ctx, cancel := context.WithCancel(ctx)
	return &Scope{host: h, life: func() context.Context { return ctx }, end: cancel}
}

// Close cancels all calls and drops all live data. Nothing handed to the scope runs after it.
func (s *Scope) Close() {
	s.closed = true
	s.end()
}

// Closed says whether the screen is gone.
func (s *Scope) Closed() bool { return s.closed }

// Context ends when the screen is closed: for stores that live as long as the screen.
func (s *Scope) Context() context.Context { return s.life() }

// Cluster is the cluster on the screen.
func (s *Scope) Cluster() *cluster.Cluster { return s.host.Cluster() }

// Styles are the styles in force. They can change while a screen is open: ask anew in each Draw.
func (s *Scope) Styles() *style.Styles { return s.host.Styles() }

// Now is the time. Screens ask it here, so that tests can set it.
func (s *Scope) Now() time.Time { return s.host.Now() }

// Open goes to another screen. The way back leads here.
func (s *Scope) Open(r Request) { s.host.Open(r) }

// Replace goes to another screen in place of this one.
func (s *Scope) Replace(r Request) { s.host.Replace(r) }

// Handles says whether there is a screen for a request, so that a key can be left out where there is none.
func (s *Scope) Handles(r Request) bool { return s.host.Handles(r) }

// Back closes this screen.
func (s *Scope) Back() { s.host.Back() }

// Ask shows a dialog over the screen.
func (s *Scope) Ask(d Dialog) { s.host.Ask(d) }

// Say shows a message in the status line for some seconds.
func (s *Scope) Say(h Health, text string) { s.host.Say(State{Health: h, Text: text}) }

// Fail shows an error in the status line until the next key.
func (s *Scope) Fail(err error) { s.host.Say(State{Health: Bad, Text: err.Error()}) }

// Copy puts text into the clipboard of the terminal (OSC 52).
func (s *Scope) Copy(text string) { s.host.Copy(text) }

// Exec gives the terminal to a command, an editor or a shell, until that ends; then the UI comes back and done runs.
// c is an *exec.Cmd or a tea.ExecCommand.
func (s *Scope) Exec(c any, done func(error)) {
	var command tea.ExecCommand
	switch c := c.(type) {
	case tea.ExecCommand:
		command = c
	case *exec.Cmd:
		command = process{c}
	default:
		done(fmt.Errorf("%T is no command", c))
		return
	}
	s.host.Exec(command, func(err error) {
		if !s.closed {
			done(err)
		}
	})
}

// process is an exec.Cmd as a tea.ExecCommand.
type process struct{ *exec.Cmd }

func (p process) SetStdin(r io.Reader)  { p.Stdin = r }
func (p process) SetStdout(w io.Writer) { p.Stdout = w }
func (p process) SetStderr(w io.Writer) { p.Stderr = w }

// After runs f after a time, if the screen is open then.
func (s *Scope) After(d time.Duration, f func()) {
	s.host.After(d, func() {
		if !s.closed {
			f()
		}
	})
}

// Live runs f whenever something comes from the channel, at most once a frame however much comes, while the screen is
// open and not covered by another. The channel is a coalesced one with capacity 1, as the stores under cluster/ and etcdview have it.
func (s *Scope) Live(changed <-chan struct{}, f func()) {
	s.LiveSeen(changed, func() bool {
		f()
		return true
	})
}

// LiveSeen is Live for an f that says whether anything that is on the screen has changed: where nothing has, as in most of
// a long table, no frame is drawn.
func (s *Scope) LiveSeen(changed <-chan struct{}, f func() (seen bool)) {
	waits := false
	s.host.Live(s.life(), changed, func() bool {
		switch {
		case s.closed || waits:
			return false
		case s.covered:
			waits = true
			s.missed = append(s.missed, func() {
				waits = false
				f()
			})
			return false
		default:
			return f()
		}
	})
}

// Cover says whether another screen hides this one. While it is hidden its Live functions do not run, so that what is not
// seen costs nothing; those that something came for run when it is seen again. Only the frame calls it.
func (s *Scope) Cover(covered bool) {
	s.covered = covered
	if covered || s.closed {
		return
	}
	missed := s.missed
	s.missed = nil
	for _, f := range missed {
		f()
	}
}

// Call does I/O. f runs on a goroutine of its own with a context that ends at the timeout, when the screen is closed,
// or when the user cancels; then done runs on the UI's goroutine with what f returned, unless the screen is gone.
// what says for the status line what is under way: "scale web".
func Call[T any](s *Scope, what string, timeout time.Duration, f func(context.Context) (T, error), done func(T, error)) {
	ctx, cancel := context.WithTimeout(s.life(), timeout)
	s.host.Run(what, cancel, func() func() {
		defer cancel()
		v, err := f(ctx)
		return func() {
			if !s.closed {
				done(v, err)
			}
		}
	})
}

// Poll is a Call that nobody waits for, as it reads anew what is shown already: the status line does not tell of it, and esc
// goes back rather than to end it.
func Poll[T any](s *Scope, timeout time.Duration, f func(context.Context) (T, error), done func(T, error)) {
	Call(s, "", timeout, f, done)
}

// Service is the value of a key that all screens share, made by the first one that asks: a recorder, the door for
// changes. Give the key a type of your own, as with context values.
func Service[T any](s *Scope, key any, make func() T) T {
	return s.host.Service(key, func() any { return make() }).(T)
}
