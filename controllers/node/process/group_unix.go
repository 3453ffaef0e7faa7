//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup makes a command the leader of a process group.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup signals the group; one that has ended is no error.
func killGroup(c *exec.Cmd, now bool) {
	s := syscall.SIGTERM
	if now {
		s = syscall.SIGKILL
	}
	if c.Process != nil {
		_ = syscall.Kill(-c.Process.Pid, s)
	}
}

func signalOf(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return int(w.Signal())
	}
	return 0
}
