//go:build unix

package process

import (
	"io"
	"os/exec"
	"time"

	"github.com/creack/pty"

	"github.com/podarium/podarium/controllers/node/containers"
)

// lastOutput is how long output may still come after a command on a terminal has ended: what it left behind may hold the terminal.
const lastOutput = time.Second

// onTerminal runs a command on a terminal of its own, of the size that the other side has.
func (p *process) onTerminal(cmd *exec.Cmd, e containers.Exec) error {
	cmd.SysProcAttr = nil // it leads a session, which is a group too
	f, err := pty.Start(cmd)
	if err != nil {
		return err
	}
	defer f.Close() // ends what copies
	p.engine.guard.add(cmd.Process.Pid)
	defer p.engine.guard.remove(cmd.Process.Pid)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s, ok := <-e.Resize:
				if !ok {
					return
				}
				_ = pty.Setsize(f, &pty.Winsize{Cols: s.Width, Rows: s.Height}) // the terminal may be closed by now
			case <-ended:
				return
			}
		}
	}()
	if e.Stdin != nil {
		go func() { _, _ = io.Copy(f, e.Stdin) }() // ends with the streams
	}
	out := e.Stdout
	if out == nil {
		out = io.Discard
	}
	copied := make(chan struct{})
	go func() {
		_, _ = io.Copy(out, f) // ends with an error when the terminal does
		close(copied)
	}()
	err = cmd.Wait()
	select {
	case <-copied:
	case <-time.After(lastOutput):
	}
	return err
}
