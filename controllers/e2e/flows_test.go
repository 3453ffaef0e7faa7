package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/clustertest"
)

// fenced is a block of text, inline what is between backquotes.
var (
	fenced = regexp.MustCompile("(?s)```.*?```")
	inline = regexp.MustCompile("`([^`]+)`")
)

// flowCommands are the commands of docs/flows.md, in their order, but for those that stay until somebody ends them.
func flowCommands(t *testing.T) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "flows.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, flows, _ := strings.Cut(string(text), "## How a Pod comes to be")
	for _, m := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(flows, ""), -1) {
		command := m[1]
		words := strings.Fields(command)
		first := words[0]
		switch {
		case len(words) < 3 || first != "kubectl" && first != "podarium" && first != "curl" && first != "ls":
		case strings.Contains(command, " -it "), strings.HasPrefix(command, "podarium etcd watch"), command == "podarium node off node-1":
		case strings.HasPrefix(command, "podarium proxy"): // its port may be somebody's; TestProxy has it
		case strings.Contains(command, "auth can-i"): // no is the answer, and a failure
			commands = append(commands, command+" || true")
		default:
			commands = append(commands, command)
		}
	}
	if len(commands) < 30 {
		t.Fatalf("there are only %d commands", len(commands))
	}
	return commands
}

// The commands of docs/flows.md work as they are written, one after the other.
func TestFlowsCommands(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "jq", "grep"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	c := clustertest.Start(t, clustertest.Options{Nodes: 3})
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, args := range map[string]string{"podarium": "", "kubectl": "kubectl"} {
		script := fmt.Sprintf("#!/bin/sh\nexec '%s' --data-dir '%s' %s \"$@\"\n", bin, c.DataDir, args)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range flowCommands(t) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		var out []byte
		for { // what it shows may not be there yet, for a reader a moment later it is
			cmd := exec.CommandContext(ctx, "bash", "-c", line)
			cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			cmd.WaitDelay = time.Second
			var err error
			if out, err = cmd.CombinedOutput(); err == nil && len(out) > 0 {
				break
			}
			if ctx.Err() != nil {
				t.Errorf("%s: %v: %s", line, err, out)
				break
			}
		}
		cancel()
		if testing.Verbose() {
			t.Logf("%s\n%s", line, out)
		}
	}
}
