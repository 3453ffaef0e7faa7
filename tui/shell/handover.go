package shell

import (
	"context"
	"errors"
	"io"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/muesli/cancelreader"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/screen"
)

// HandOver gives the whole terminal to a shell in a container, until that ends.
func HandOver(s *screen.Scope, pod screen.Object, container string) {
	ctx := s.Context()
	x := &handover{c: s.Cluster(), request: Session{Object: pod, Container: container}, life: func() context.Context { return ctx }}
	s.Exec(x, func(err error) {
		if code, ran := remote.ExitCode(err); err != nil && !(ran && code != 126 && code != 127) {
			s.Fail(err)
		}
	})
}

// handover is a shell as bubbletea runs it.
type handover struct {
	c       *cluster.Cluster
	request Session
	life    func() context.Context
	in      io.Reader
	out     io.Writer
}

var _ tea.ExecCommand = (*handover)(nil)

func (x *handover) SetStdin(r io.Reader)  { x.in = r }
func (x *handover) SetStdout(w io.Writer) { x.out = w }
func (x *handover) SetStderr(io.Writer)   {} // a terminal has one output

// Run implements tea.ExecCommand.
func (x *handover) Run() error {
	ctx, cancel := context.WithCancel(x.life())
	defer cancel()
	tty := term.TTY{In: x.in, Out: x.out, Raw: true}
	if !tty.IsTerminalIn() {
		return errors.New("the shell needs a terminal, and there is none to hand over")
	}
	t, err := find(ctx, x.c, x.request)
	if err != nil {
		return err
	}
	in, err := cancelreader.NewReader(x.in)
	if err != nil {
		return err
	}
	keyboard := &lent{CancelReader: in}
	defer keyboard.takeBack()
	sizes := tty.MonitorSize(tty.GetSize())
	return tty.Safe(func() error {
		return remote.Exec(ctx, x.c, t.at, shellCommand, remote.Streams{In: keyboard, Out: x.out, TTY: true, Sizes: queue{sizes}})
	})
}

// lent is the terminal's input while a shell has it. A read of it must not outlast the shell: it would swallow the first key
// that is meant for the UI.
type lent struct {
	cancelreader.CancelReader
	reading sync.Mutex // held during a read
}

func (l *lent) Read(p []byte) (int, error) {
	l.reading.Lock()
	defer l.reading.Unlock()
	return l.CancelReader.Read(p)
}

// takeBack ends a read that is under way and lets none begin. Closed before that read has ended, the reader would forget
// that it is to end.
func (l *lent) takeBack() {
	if l.Cancel() {
		l.reading.Lock()
		defer l.reading.Unlock()
	}
	_ = l.Close() // the terminal itself stays open
}

// queue is kubectl's queue of sizes as the client's.
type queue struct{ from term.TerminalSizeQueue }

func (q queue) Next() *remote.Size {
	size := q.from.Next()
	if size == nil {
		return nil
	}
	return &remote.Size{Width: size.Width, Height: size.Height}
}
