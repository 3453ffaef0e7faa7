package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// timeout bounds a plugin that runs behind the screen.
const timeout = 10 * time.Minute

// most is how much output of a plugin is shown, in bytes; what comes after it is left out and said to be.
const most = 4 << 20

// Run runs a plugin, after its questions. What fails is told in the status line.
func Run(s *screen.Scope, name string, p config.Plugin, v Variables) {
	switch {
	case p.Dangerous && s.Cluster().ReadOnly():
		s.Fail(fmt.Errorf("the plugin %s changes the cluster, and %s is opened read-only", name, s.Cluster().Name()))
	case len(p.Inputs) > 0:
		s.Ask(dialog.NewForm(s, form(s, name, p, v)))
	case p.Confirm:
		s.Ask(dialog.NewConfirm(s, dialog.Confirm{
			Title: orName(p.Description, name), Text: "Run " + strings.Join(argv(p, v), " "), Accept: "Run",
			Then: func() { start(s, name, p, v) },
		}))
	default:
		start(s, name, p, v)
	}
}

func orName(text, name string) string {
	if text == "" {
		return name
	}
	return text
}

// form asks for a plugin's inputs, and by that whether to run it.
func form(s *screen.Scope, name string, p config.Plugin, v Variables) dialog.Form {
	f := dialog.Form{Title: orName(p.Description, name), Accept: "Run"}
	for _, in := range p.Inputs {
		field := dialog.Field{Label: orName(in.Label, in.Name), Value: Expand(in.Default, v)}
		switch in.Type {
		case "number":
			field.Number = true
		case "bool":
			field.Choices = []string{"false", "true"}
			if field.Value != "true" {
				field.Value = "false"
			}
		case "dropdown":
			field.Choices = in.Options
			if field.Value == "" {
				field.Value = in.Options[0]
			}
		}
		field.Check = func(text string) error {
			if in.Required && strings.TrimSpace(text) == "" {
				return errors.New(field.Label + " must be given")
			}
			if _, err := strconv.ParseFloat(text, 64); in.Type == "number" && text != "" && err != nil {
				return fmt.Errorf("%s: %q is not a number", field.Label, text)
			}
			return nil
		}
		f.Fields = append(f.Fields, field)
	}
	f.Then = func(values []string) {
		more := map[string]string{}
		for i, in := range p.Inputs {
			more["INPUT_"+in.Name], more["INPUT_"+strings.ToUpper(in.Name)] = values[i], values[i]
		}
		start(s, name, p, v.With(more))
	}
	return f
}

// argv is the command line of a plugin with its variables filled in.
func argv(p config.Plugin, v Variables) []string {
	args := []string{Expand(p.Command, v)}
	for _, a := range p.Args {
		args = append(args, Expand(a, v))
	}
	return args
}

func start(s *screen.Scope, name string, p config.Plugin, v Variables) {
	line := &pipeline{env: environment(v)}
	line.stages = append(line.stages, argv(p, v))
	for _, pipe := range p.Pipes {
		if stage := strings.Fields(Expand(pipe, v)); len(stage) > 0 {
			line.stages = append(line.stages, stage)
		}
	}
	if !p.Background {
		s.Exec(line, func(err error) {
			if err != nil {
				s.Fail(fmt.Errorf("%s: %w", name, err))
			}
		})
		return
	}
	screen.Call(s, name, timeout, func(ctx context.Context) (string, error) {
		out := &bounded{}
		line.SetStdout(out)
		line.SetStderr(out)
		err := line.run(ctx)
		return out.String(), err
	}, func(out string, err error) { show(s, name, p, out, err) })
}

// show shows what a plugin behind the screen has said.
func show(s *screen.Scope, name string, p config.Plugin, out string, err error) {
	text := strings.TrimRight(out, "\n")
	lines := strings.Split(text, "\n")
	switch {
	case err != nil && text == "":
		s.Fail(fmt.Errorf("%s: %w", name, err))
	case err != nil && len(lines) == 1:
		s.Fail(fmt.Errorf("%s: %w: %s", name, err, text))
	case p.OverwriteOutput && err == nil:
		s.Say(screen.Good, lines[len(lines)-1])
	case text == "":
		s.Say(screen.Good, name+" is done")
	case len(lines) == 1:
		s.Say(screen.Good, name+": "+text)
	default:
		if err != nil {
			s.Fail(fmt.Errorf("%s: %w", name, err))
		}
		s.Open(Output{Name: name, Text: text})
	}
}

// environment is this process's, with the cluster on the screen as kubectl's, and with the variables of k9s.
func environment(v Variables) []string {
	env := os.Environ()
	for _, name := range []string{"KUBECONFIG", "NAMESPACE", "NAME", "POD", "CONTAINER", "CONTEXT", "CLUSTER", "RESOURCE_GROUP", "RESOURCE_VERSION", "RESOURCE_NAME"} {
		if text, ok := v(name); ok && text != "" {
			env = append(env, name+"="+text)
		}
	}
	return env
}

// pipeline is some programs, each of which reads what the one before it writes. It is a tea.ExecCommand.
type pipeline struct {
	stages   [][]string
	env      []string
	in       io.Reader
	out, err io.Writer
}

func (x *pipeline) SetStdin(r io.Reader)  { x.in = r }
func (x *pipeline) SetStdout(w io.Writer) { x.out = w }
func (x *pipeline) SetStderr(w io.Writer) { x.err = w }

// Run implements tea.ExecCommand: the terminal is the programs'.
func (x *pipeline) Run() error { return x.run(context.Background()) }

// run runs the programs until all have ended. The error is that of the last that failed.
func (x *pipeline) run(ctx context.Context) error {
	var commands []*exec.Cmd
	for i, stage := range x.stages {
		c := exec.CommandContext(ctx, stage[0], stage[1:]...)
		c.Env, c.Stderr, c.Stdin, c.WaitDelay = x.env, x.err, x.in, time.Second
		if i > 0 {
			pipe, err := commands[i-1].StdoutPipe()
			if err != nil {
				return err
			}
			c.Stdin = pipe
		}
		commands = append(commands, c)
	}
	commands[len(commands)-1].Stdout = x.out
	var started []*exec.Cmd
	var failed error
	for _, c := range commands {
		if err := c.Start(); err != nil {
			failed = fmt.Errorf("%s does not start: %w", c.Args[0], err)
			break
		}
		started = append(started, c)
	}
	if failed != nil {
		for _, c := range started {
			_ = c.Process.Kill() // it has nothing to write to
		}
	}
	for i := len(started) - 1; i >= 0; i-- { // the last one first: it reads what the others write
		if err := started[i].Wait(); err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", started[i].Args[0], err)
		}
	}
	return failed
}

// bounded keeps the first bytes that are written to it, and counts the others.
type bounded struct {
	kept bytes.Buffer
	lost int
}

func (b *bounded) Write(p []byte) (int, error) {
	room := min(len(p), most-b.kept.Len())
	b.kept.Write(p[:room])
	b.lost += len(p) - room
	return len(p), nil
}

func (b *bounded) String() string {
	if b.lost > 0 {
		return fmt.Sprintf("%s\n… and %d bytes more", b.kept.String(), b.lost)
	}
	return b.kept.String()
}
