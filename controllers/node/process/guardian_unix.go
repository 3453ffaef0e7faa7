//go:build unix

package process

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
)

// guardian sees to it that no process group outlives podarium: a shell in a group of its own reads which groups there are
// from a pipe. When podarium ends in whatever way, the pipe does, and the shell kills the groups that are left.
type guardian struct {
	mu   sync.Mutex
	pipe io.WriteCloser
}

const vigil = `trap '' INT TERM HUP
groups=
while read -r op group; do
  left=
  for g in $groups; do [ "$g" = "$group" ] || left="$left $g"; done
  groups=$left
  [ "$op" = + ] && groups="$groups $group"
done
for g in $groups; do kill -KILL -$g 2>/dev/null; done`

// start runs the shell, once.
func (g *guardian) start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pipe != nil {
		return nil
	}
	cmd := exec.Command("/bin/sh", "-c", vigil)
	ownGroup(cmd)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("a shell is needed to end what podarium may leave behind: %w", err)
	}
	g.pipe = pipe
	go func() { _ = cmd.Wait() }() // it ends with this process
	return nil
}

// add and remove tell of a group. A pipe that is broken means that somebody has killed the shell: the containers go on.
func (g *guardian) add(group int)    { g.tell("+", group) }
func (g *guardian) remove(group int) { g.tell("-", group) }

func (g *guardian) tell(op string, group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pipe != nil {
		_, _ = fmt.Fprintf(g.pipe, "%s %d\n", op, group)
	}
}
