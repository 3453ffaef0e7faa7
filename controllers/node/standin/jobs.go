package standin

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"weak"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// jobs are the commands that a shell and its subshells run in the background, so that kill $! finds them. The interpreter
// numbers them g1, g2 and so on, for wait, and tells nothing else of them: COMMAND & is rewritten to
//
//	{ { podarium_job=$(podarium-job N); trap 'podarium-ended' EXIT; COMMAND; podarium-ended; } & podarium-started N; }
//
// where the variable tells the job to all of its subshells.
type jobs struct {
	mu    sync.Mutex
	nodes int
	begun map[string]chan string // the numbers of jobs, by the place in the script
	of    map[runner][]string    // by who has started them
	state map[string]*job
}

const jobVariable = "podarium_job"

// jobOf is the job that has called a handler, empty where it is none.
func jobOf(hc interp.HandlerContext) string { return hc.Env.Get(jobVariable).String() }

// runner is a shell or subshell of the interpreter.
type runner = weak.Pointer[interp.Runner]

type job struct {
	killed, ended bool
	tools         int
	under         map[int]context.CancelFunc // ends the tools that it runs
}

// callerOf is the shell or subshell that runs a tool.
type callerOf struct {
	jobs *jobs
	of   runner
}

const (
	jobBegins  = "podarium-job"
	jobStarted = "podarium-started"
	jobEnds    = "podarium-ended"
)

// runnerOf is who has called a handler. The interpreter does not tell, but for a field of its own.
func runnerOf(hc interp.HandlerContext) runner {
	r := reflect.ValueOf(hc).FieldByName("runner")
	if !r.IsValid() || r.Kind() != reflect.Pointer {
		return runner{}
	}
	return weak.Make((*interp.Runner)(r.UnsafePointer()))
}

// adaptJob rewrites COMMAND &.
func (j *jobs) adaptJob(st *syntax.Stmt) {
	if isJob(st) {
		return
	}
	j.mu.Lock()
	j.nodes++
	number := strconv.Itoa(j.nodes)
	j.mu.Unlock()
	inner := *st
	inner.Background, inner.Comments = false, nil
	st.Background, st.Negated, st.Redirs = false, false, nil
	st.Cmd = &syntax.Block{Stmts: []*syntax.Stmt{
		{Background: true, Cmd: &syntax.Block{Stmts: []*syntax.Stmt{begins(number), command("trap", jobEnds, "EXIT"), &inner, command(jobEnds)}}},
		command(jobStarted, number),
	}}
}

// isJob says whether that has been done.
func isJob(st *syntax.Stmt) bool {
	block, ok := st.Cmd.(*syntax.Block)
	if !ok || len(block.Stmts) == 0 {
		return false
	}
	call, ok := block.Stmts[0].Cmd.(*syntax.CallExpr)
	return ok && len(call.Assigns) == 1 && call.Assigns[0].Name.Value == jobVariable
}

func begins(number string) *syntax.Stmt {
	id := &syntax.Word{Parts: []syntax.WordPart{&syntax.CmdSubst{Stmts: []*syntax.Stmt{command(jobBegins, number)}}}}
	return &syntax.Stmt{Cmd: &syntax.CallExpr{Assigns: []*syntax.Assign{{Name: &syntax.Lit{Value: jobVariable}, Value: id}}}}
}

func command(words ...string) *syntax.Stmt {
	call := &syntax.CallExpr{}
	for _, w := range words {
		call.Args = append(call.Args, literal(w))
	}
	return &syntax.Stmt{Cmd: call}
}

// run runs one of the commands above; id is a number that no other job of the container has.
func (j *jobs) run(ctx context.Context, hc interp.HandlerContext, args []string, id func() string) error {
	switch args[0] {
	case jobBegins:
		me := id()
		j.mu.Lock()
		if j.state == nil {
			j.state = map[string]*job{}
		}
		j.state[me] = &job{under: map[int]context.CancelFunc{}}
		j.mu.Unlock()
		j.channel(args[1]) <- me
		fmt.Fprintln(hc.Stdout, me)
	case jobStarted:
		select {
		case child := <-j.channel(args[1]):
			j.mu.Lock()
			if j.of == nil {
				j.of = map[runner][]string{}
			}
			me := runnerOf(hc)
			j.of[me] = append(j.of[me], child)
			j.mu.Unlock()
		case <-ctx.Done():
		}
	case jobEnds:
		j.mu.Lock()
		if s := j.state[jobOf(hc)]; s != nil {
			s.ended = true
		}
		j.mu.Unlock()
		return status(hc.LastExitStatus)
	}
	return nil
}

// channel is by which a job tells who has started it; several may be under way at one place of a script.
func (j *jobs) channel(number string) chan string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.begun == nil {
		j.begun = map[string]chan string{}
	}
	if j.begun[number] == nil {
		j.begun[number] = make(chan string, 64)
	}
	return j.begun[number]
}

// killed says whether a job is to end now.
func (j *jobs) killed(id string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.state[id]
	return s != nil && s.killed && !s.ended
}

// breakable gives a context for a tool, which ends where a job runs it that is killed.
func (j *jobs) breakable(ctx context.Context, id string) (context.Context, func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.state[id]
	if s == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	if s.killed {
		cancel()
	}
	s.tools++
	n := s.tools
	s.under[n] = cancel
	return ctx, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(s.under, n)
		cancel()
	}
}

// kill ends a job by its number, g1 or %1, or asks with EXIT, which is signal 0, whether it is there.
func (j *jobs) kill(parent runner, number, signal string) (found bool) {
	n, err := strconv.Atoi(strings.TrimLeft(number, "g%"))
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil || n < 1 || n > len(j.of[parent]) {
		return false
	}
	s := j.state[j.of[parent][n-1]]
	if s == nil || s.ended || s.killed {
		return false
	}
	if slices.Contains([]string{"TERM", "INT", "QUIT", "KILL", "HUP"}, signal) {
		s.killed = true
		for _, end := range s.under {
			end()
		}
	}
	return true
}
