//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/podarium/podarium/cluster/clustertest"
)

// screen is what a program has written to its terminal so far.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// open runs podarium's UI in a terminal of a size. done yields its exit code.
func open(t *testing.T, cols, rows uint16, args ...string) (tty *os.File, out *screen, done <-chan int) {
	t.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	// Under a shell that goes on until the terminal is closed, as at a prompt: a terminal hangs up when the first process
	// of its session ends.
	cmd := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", `"$0" "$@"; echo "left with $?."; read -r _`, bin}, args...)...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "HOME="+t.TempDir())
	if tty, err = pty.StartWithSize(cmd, &pty.Winsize{Cols: cols, Rows: rows}); err != nil {
		t.Fatal(err)
	}
	out = &screen{}
	go func() { _, _ = io.Copy(out, tty) }() // ends with an error when the terminal does
	exit := make(chan int, 1)
	go func() {
		for code := -1; code < 0; time.Sleep(10 * time.Millisecond) {
			if _, left, ok := strings.Cut(out.String(), "left with "); ok {
				if n, _, ok := strings.Cut(left, "."); ok {
					if code, err = strconv.Atoi(n); err == nil {
						exit <- code
					}
				}
			}
			if t.Context().Err() != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = tty.Close()
		_ = cmd.Wait() // hung up
	})
	return tty, out, exit
}

// What a terminal is told when a program takes the whole screen, and when it gives it back (xterm, DECSET 1049).
const (
	takeScreen = "\x1b[?1049h"
	giveBack   = "\x1b[?1049l"
)

func TestUIAttachesAndLeavesTheTerminalAsItWas(t *testing.T) {
	c, _ := clustertest.Shared(t)
	for _, size := range []struct{ cols, rows uint16 }{{80, 24}, {200, 60}, {20, 5}} {
		tty, out, done := open(t, size.cols, size.rows, "--data-dir", c.DataDir)
		clustertest.Eventually(t, "the first screen", func() bool { return strings.Contains(out.String(), takeScreen) })
		if size.cols >= 80 {
			clustertest.Eventually(t, "the node in the header", func() bool { return strings.Contains(out.String(), "all up") })
		}
		if _, err := tty.WriteString(":q\r"); err != nil {
			t.Fatal(err)
		}
		if code := <-done; code != exitOK {
			t.Errorf("%dx%d: exit code %d", size.cols, size.rows, code)
		}
		if s := out.String(); strings.LastIndex(s, giveBack) < strings.LastIndex(s, takeScreen) {
			t.Errorf("%dx%d: the terminal was not restored: %q", size.cols, size.rows, s[max(0, len(s)-200):])
		}
	}
	select {
	case <-c.Exited:
		t.Error("leaving an attached UI stopped the cluster")
	default:
	}
}

func TestUIRunsItsOwnCluster(t *testing.T) {
	tty, out, done := open(t, 120, 40, "--ephemeral", "--nodes", "1")
	clustertest.Eventually(t, "a healthy cluster", func() bool { return strings.Contains(out.String(), "all up") })
	if _, err := tty.WriteString(":q\r"); err != nil {
		t.Fatal(err)
	}
	clustertest.Eventually(t, "the question whether to stop the cluster", func() bool { return strings.Contains(out.String(), "Cancel") })
	if _, err := tty.WriteString("\t\r"); err != nil { // Cancel has the focus
		t.Fatal(err)
	}
	if code := <-done; code != exitOK {
		t.Errorf("exit code %d: %q", code, out.String())
	}
	if s := out.String(); !strings.Contains(s, giveBack) {
		t.Error("the terminal was not restored")
	}
}

func TestACrashOfTheRuntimeRestoresTheTerminalAndLeavesAReport(t *testing.T) {
	dir := t.TempDir()
	_, out, done := open(t, 100, 30, "--data-dir", dir, "--nodes", "0")
	clustertest.Eventually(t, "the first screen", func() bool { return strings.Contains(out.String(), "all up") })
	run, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	var info struct{ PID int }
	if err := json.Unmarshal(run, &info); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(info.PID, syscall.SIGSEGV); err != nil { // the Go runtime takes it for a fault of the program's
		t.Fatal(err)
	}
	clustertest.Eventually(t, "the word of the crash", func() bool { return strings.Contains(out.String(), "podarium crashed") })
	<-done
	s := out.String()
	if strings.LastIndex(s, giveBack) < strings.LastIndex(s, takeScreen) {
		t.Errorf("the terminal was not restored: %q", s[max(0, len(s)-300):])
	}
	if strings.Contains(s, "goroutine ") {
		t.Error("the stack went to the terminal")
	}
	reports, err := filepath.Glob(filepath.Join(dir, "crash-*.txt"))
	if err != nil || len(reports) != 1 {
		t.Fatalf("crash reports: %v (%v)", reports, err)
	}
	report, err := os.ReadFile(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(report), "SIGSEGV") || !strings.Contains(string(report), "goroutine ") {
		t.Errorf("the report is %.300s", report)
	}
}
