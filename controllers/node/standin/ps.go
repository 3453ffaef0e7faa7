package standin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ps lists the first process of each container whose processes this one sees, which is its own only unless the Pod shares them
// or it debugs another.
func ps(_ context.Context, s *shell, _ []string) int {
	fmt.Fprintln(s.stdout, "PID   USER     TIME  COMMAND")
	pid := 1
	line := func(p *process, command string) {
		user := "root"
		if n, _ := p.user(); n != 0 {
			user = strconv.FormatInt(n, 10)
		}
		fmt.Fprintf(s.stdout, "%5d %-8s 0:00 %s\n", pid, user, command)
		pid += 6
	}
	if s.p.spec.SharesProcesses {
		line(s.p, "/pause")
	}
	for _, p := range s.p.seen() {
		line(p, p.commandLine())
	}
	return 0
}

// seen are the containers whose processes a container sees, in the order of their start.
func (p *process) seen() []*process {
	var out []*process
	e := p.engine
	e.mu.Lock()
	for other := range e.running {
		if other == p || other.spec.ID == p.spec.Target || p.spec.SharesProcesses && other.spec.UID == p.spec.UID {
			out = append(out, other)
		}
	}
	e.mu.Unlock()
	slices.SortFunc(out, func(a, b *process) int { return a.started.Compare(b.started) })
	return out
}

func (p *process) commandLine() string {
	what := strings.Join(append(append([]string(nil), p.spec.Command...), p.spec.Args...), " ")
	if what == "" {
		name := p.spec.Image[strings.LastIndexByte(p.spec.Image, '/')+1:]
		what, _, _ = strings.Cut(name, ":")
	}
	return what
}
