//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui/ptytest"
)

// answers proves that the UI hears keys: the help comes and goes. Another screen may be under way meanwhile.
func answers(t *testing.T, ui *ptytest.Terminal, when string) {
	t.Helper()
	start := time.Now()
	ui.Type("?")
	ui.Wait(" / keys")
	// On a quiet machine it is a frame or two; what fails here is a UI that waits for a server's answer.
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s: a key took %s", when, took.Round(time.Millisecond))
	}
	ui.Type("q")
	ui.WaitGone(" / keys")
}

func TestTheUIAnswersThroughoutAndRecoversByItself(t *testing.T) {
	dir := t.TempDir()
	c := clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: -1})
	pods := clustertest.FillPods(t, c, 300)
	ui := ptytest.Open(t, ptytest.Options{Columns: 120, Rows: 40, Args: []string{"--data-dir", dir}})
	ui.Wait("all up")
	ui.Command("pods default")
	ui.Wait("default / pods  300 ")
	answers(t, ui, "at rest")

	t.Log("1,000 changes a second")
	func() {
		var made atomic.Int64
		var writers sync.WaitGroup
		const changes, many = 3000, 16
		for w := range many {
			writers.Go(func() { // together as fast as etcd takes them, which is more than 1,000 a second on a quiet machine
				for i := range changes / many {
					if err := pods.Restart(t.Context(), rand.IntN(300), 1+w+i*many); err != nil {
						t.Error(err)
						return
					}
					made.Add(1)
				}
			})
		}
		for made.Load() < changes/many*many && !t.Failed() {
			ui.Keys("j", "j", "G", "g")
			answers(t, ui, "in a storm of changes")
		}
		writers.Wait()
		if err := pods.Restart(t.Context(), 0, 9999); err != nil {
			t.Fatal(err)
		}
		ui.Keys("g")
		ui.Wait(" 9999 ")
	}()

	t.Log("sizes")
	func() {
		for range 100 {
			ui.Resize(20+rand.IntN(200), 5+rand.IntN(60))
		}
		ui.Resize(20, 5)
		ui.Wait("needs more room")
		ui.Resize(120, 40)
		ui.Wait("default / pods  300 ", "pod-00000")
		answers(t, ui, "after many sizes")
	}()

	t.Log("a paste")
	func() {
		ui.Paste(strings.Repeat(":q\rdelete everything\r\x04y", 4000))
		answers(t, ui, "after a paste that looks like keys")
		ui.Wait("default / pods  300 ")
		ui.Type("/")
		ui.Paste("pod-00007")
		ui.Type("\r")
		ui.Wait("1 of 300")
		ui.Keys("esc")
		ui.Wait("default / pods  300 ")
	}()

	t.Log("the mouse wheel")
	func() {
		ui.Wheel(10, 10, 3000)
		ui.Wheel(10, 10, -3000)
		answers(t, ui, "after a flood of the mouse wheel")
		ui.Wait("▸")
	}()

	t.Log("a network that swallows everything")
	func() {
		if err := syscall.Kill(c.Process.Pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Kill(c.Process.Pid, syscall.SIGCONT) }() // also where the test fails
		for _, line := range []string{"deploy default", "nodes", "pods default"} {
			ui.Command(line)
			answers(t, ui, "without a network, after :"+line)
		}
		if err := syscall.Kill(c.Process.Pid, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		ui.Wait("default / pods  300 ")
	}()

	t.Log("a killed API server")
	func() {
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-c.Exited
		answers(t, ui, "without a server")
		ui.Wait("pod-00000") // what is known stays
		c = clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: -1})
		if err := (clustertest.FillPods(t, c, 300)).Restart(t.Context(), 3, 7777); err != nil {
			t.Fatal(err)
		}
		ui.Wait(fmt.Sprint(" ", 7777, " "))
		answers(t, ui, "after the restart")
	}()

	ui.Command("q")
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	restored(t, ui)
}
