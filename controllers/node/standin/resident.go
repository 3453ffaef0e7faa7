package standin

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"

	"mvdan.cc/sh/v3/expand"

	"github.com/podarium/podarium/controllers/node/containers"
)

// Resident is a program that runs in this process whether or not there is a container for it. A container of it is a window
// on it: it shows the program's log, and has a shell with the program's own tools. To restart the container does not restart
// the program.
type Resident struct {
	// Log writes the program's log, from its beginning as far as that is kept, until ctx ends or w fails.
	Log func(ctx context.Context, w io.Writer) error
	// Commands are what its shell has beyond the tools of every container, by name.
	Commands map[string]Command
}

// Command is a program of a container. It gives its exit code, and ends when ctx does.
type Command func(ctx context.Context, c Call) int

// Call is what a Command is called with.
type Call struct {
	// Args come after the command's name.
	Args []string
	// Env is NAME=value.
	Env []string
	// Stdin is nil where there is none.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Container is what runs it.
	Container containers.Spec
	// ReadFile and WriteFile reach the container's files; names are relative to the working directory.
	ReadFile  func(name string) ([]byte, error)
	WriteFile func(name string, from io.Reader) error
}

// Host makes the engine ask find for every container whether it is a Resident's. It must be called before Start.
func (e *Engine) Host(find func(containers.Spec) *Resident) { e.find = find }

// Hosts says whether a container is a Resident's.
func (e *Engine) Hosts(c containers.Spec) bool { return e.resident(c) != nil }

func (e *Engine) resident(c containers.Spec) *Resident {
	if e.find == nil {
		return nil
	}
	return e.find(c)
}

// reside shows the log of a Resident until ctx ends.
func (p *process) reside(ctx context.Context) containers.Exit {
	defer p.files.close()
	p.begin()
	if err := p.resident.Log(ctx, p.spec.Stdout); err != nil && ctx.Err() == nil {
		return containers.Exit{Code: 1, Message: err.Error()}
	}
	return containers.Exit{}
}

// commandOf finds a command of the container's Resident.
func (p *process) commandOf(name string) Command {
	if p.resident == nil || path.Base(name) != name && !inBin(name) {
		return nil
	}
	return p.resident.Commands[path.Base(name)]
}

// call runs a Command in the shell.
func (s *shell) call(ctx context.Context, c Command, args []string) int {
	return c(ctx, Call{
		Args: args, Env: exported(s.env), Stdin: s.stdin, Stdout: s.stdout, Stderr: s.stderr, Container: s.p.spec,
		ReadFile: func(name string) ([]byte, error) { return s.p.files.readFile(s.abs(name)) },
		WriteFile: func(name string, from io.Reader) error {
			to, err := s.p.files.open(s.abs(name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
			if err != nil {
				return err
			}
			if _, err := io.Copy(to, from); err != nil {
				_ = to.Close()
				return fmt.Errorf("%s: %w", name, err)
			}
			return to.Close()
		},
	})
}

// exported are the variables that commands see.
func exported(env expand.Environ) []string {
	var out []string
	for name, v := range env.Each {
		if v.Exported && v.Kind == expand.String {
			out = append(out, name+"="+v.Str)
		}
	}
	return out
}
