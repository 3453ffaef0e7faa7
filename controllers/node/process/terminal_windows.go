package process

import (
	"os/exec"

	"github.com/podarium/podarium/controllers/node/containers"
)

// onTerminal runs a command without a terminal: there is none to be had here.
func (p *process) onTerminal(cmd *exec.Cmd, e containers.Exec) error {
	cmd.Stdin, cmd.Stdout = e.Stdin, e.Stdout
	cmd.Stderr = e.Stdout
	return cmd.Run()
}
