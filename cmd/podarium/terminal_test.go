//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui/ptytest"
)

// What a terminal is told when a program takes the whole screen, and when it gives it back (xterm, DECSET 1049).
const (
	takeScreen = "\x1b[?1049h"
	giveBack   = "\x1b[?1049l"
)

func TestUIAttachesAndLeavesTheTerminalAsItWas(t *testing.T) {
	c, _ := clustertest.Shared(t)
	for _, size := range []struct{ cols, rows int }{{80, 24}, {200, 60}, {20, 5}} {
		ui := ptytest.Open(t, ptytest.Options{Columns: size.cols, Rows: size.rows, Args: []string{"--data-dir", c.DataDir}})
		if size.cols >= 80 {
			ui.Wait("all up")
		} else {
			ui.Wait("needs more room")
		}
		ui.Command("q")
		if code := ui.Exited(); code != exitOK {
			t.Errorf("%dx%d: exit code %d", size.cols, size.rows, code)
		}
		restored(t, ui)
	}
	select {
	case <-c.Exited:
		t.Error("leaving an attached UI stopped the cluster")
	default:
	}
}

// TestSignalsLeaveTheTerminalAsItWas ends the UI as a shell, a supervisor and a terminal that is closed do.
func TestSignalsLeaveTheTerminalAsItWas(t *testing.T) {
	c, _ := clustertest.Shared(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		ui := ptytest.Open(t, ptytest.Options{Args: []string{"--data-dir", c.DataDir}})
		ui.Wait("all up")
		if err := syscall.Kill(ui.PID(), sig); err != nil {
			t.Fatal(err)
		}
		if code := ui.Exited(); code != exitOK {
			t.Errorf("%s: exit code %d", sig, code)
		}
		restored(t, ui)
	}
}

// restored proves that the program gave the terminal back.
func restored(t *testing.T, ui *ptytest.Terminal) {
	t.Helper()
	if s := ui.Raw(); strings.LastIndex(s, giveBack) < strings.LastIndex(s, takeScreen) {
		t.Errorf("the terminal was not restored: %q", s[max(0, len(s)-200):])
	}
}

func TestUIRunsItsOwnCluster(t *testing.T) {
	ui := ptytest.Open(t, ptytest.Options{Args: []string{"--ephemeral", "--nodes", "1"}})
	ui.Wait("all up")
	ui.Command("q")
	ui.Wait("Cancel")
	ui.Keys("tab", "enter") // Cancel has the focus
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d; the screen is\n%s", code, ui.Screen())
	}
	restored(t, ui)
}

func TestACrashOfTheRuntimeRestoresTheTerminalAndLeavesAReport(t *testing.T) {
	dir := t.TempDir()
	ui := ptytest.Open(t, ptytest.Options{Args: []string{"--data-dir", dir, "--nodes", "0"}})
	ui.Wait("all up")
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
	ui.Wait("podarium crashed")
	ui.Exited()
	restored(t, ui)
	if strings.Contains(ui.Raw(), "goroutine ") {
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

func TestAShellTakesTheWholeTerminalAndGivesItBack(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "run", "box", "--image=busybox", "--", "sleep", "3600")
	c.Kubectl(t, "-n", ns, "wait", "--for=condition=Ready", "pod/box", "--timeout=60s")
	ui := ptytest.Open(t, ptytest.Options{Columns: 100, Rows: 30, Args: []string{"--data-dir", c.DataDir, "-c", "po " + ns}})
	ui.Wait("Running")
	ui.Keys("X")
	clustertest.Eventually(t, "a prompt on the terminal itself", func() bool {
		s := ui.Raw()
		return strings.LastIndex(s, giveBack) > strings.LastIndex(s, takeScreen) && strings.Contains(s, "box:/# ")
	})
	ui.Type("echo $((6*7)) from the shell; exit 5\r")
	clustertest.Eventually(t, "what the shell says", func() bool { return strings.Contains(ui.Raw(), "42 from the shell") })
	clustertest.Eventually(t, "the UI", func() bool {
		s := ui.Raw()
		return strings.LastIndex(s, takeScreen) > strings.LastIndex(s, giveBack)
	})
	ui.Keys("d") // the first key is the UI's again
	ui.Wait("Service Account")
	ui.Command("q")
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
