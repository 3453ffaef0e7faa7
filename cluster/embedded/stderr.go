package embedded

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

// divertStderr sends everything that this process writes to standard error from now on to a file: upstream has writers
// that no option reaches (etcd clients made in package initialisers, the Go runtime), and the terminal belongs to the UI.
// A crash of the process is written to the terminal as well. restore puts everything back.
func divertStderr(path string) (restore func() error, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	before, restore, err := captureStderr(f)
	if err != nil {
		return nil, fmt.Errorf("redirecting standard error: %w", err)
	}
	if err := debug.SetCrashOutput(before, debug.CrashOptions{}); err != nil {
		return nil, errors.Join(err, restore())
	}
	return restore, nil
}
