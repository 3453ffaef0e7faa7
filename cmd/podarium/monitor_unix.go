//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
)

// monitor is a shell that waits beside the UI for the one thing that no code of this process can handle: a crash of the
// Go runtime (a data race on a map, a fault, a panic in a goroutine of a library). The runtime writes its report into
// the shell's standard input; the shell keeps it, gives the terminal back and says where the report is.
const monitor = `
umask 077
saved=$(stty -g </dev/tty 2>/dev/null)
trap '' INT TERM HUP QUIT
cat >"$1"
if [ -s "$1" ]; then
  printf '\033[?1049l\033[?25h\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[<u\033[0m\r\n' >/dev/tty
  [ -n "$saved" ] && stty "$saved" </dev/tty
  printf 'podarium crashed. The report is %s; please attach it to an issue.\n' "$1" >/dev/tty
else
  rm -f "$1"
fi`

// watchForCrash starts the monitor; crash reports go to dir. release ends it, once the terminal is restored. Where there
// is no shell, a crash is reported as Go does.
func watchForCrash(dir string) (release func(), err error) {
	report := filepath.Join(dir, fmt.Sprintf("crash-%d.txt", os.Getpid()))
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", monitor, "podarium-monitor", report)
	cmd.Stdin = r
	if err := cmd.Start(); err != nil {
		return func() {}, w.Close()
	}
	if err := debug.SetCrashOutput(w, debug.CrashOptions{}); err != nil {
		return nil, err
	}
	return func() {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{}) // closes the runtime's end
		_ = w.Close()
		_ = cmd.Wait()
	}, nil
}
