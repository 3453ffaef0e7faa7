//go:build unix

package embedded

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// captureStderr sends what is written to file descriptor 2, by whatever code, to file. before is the standard error that
// was there; restore puts it back.
func captureStderr(file *os.File) (before *os.File, restore func() error, err error) {
	defer file.Close() // duplicated
	fd, err := unix.Dup(unix.Stderr)
	if err != nil {
		return nil, nil, err
	}
	unix.CloseOnExec(fd)
	if err := dup2(int(file.Fd()), unix.Stderr); err != nil {
		return nil, nil, err
	}
	before = os.NewFile(uintptr(fd), "stderr")
	return before, func() error {
		// Asking the file keeps it from being closed by the collector until now.
		return errors.Join(dup2(int(before.Fd()), unix.Stderr), before.Close())
	}, nil
}
