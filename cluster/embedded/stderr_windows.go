package embedded

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// captureStderr sends what Go code and the runtime write to standard error to file. before is the standard error that
// was there; restore puts it back.
func captureStderr(file *os.File) (before *os.File, restore func() error, err error) {
	if err := windows.SetStdHandle(windows.STD_ERROR_HANDLE, windows.Handle(file.Fd())); err != nil {
		return nil, nil, err
	}
	before, os.Stderr = os.Stderr, file
	return before, func() error {
		os.Stderr = before
		return errors.Join(windows.SetStdHandle(windows.STD_ERROR_HANDLE, windows.Handle(before.Fd())), file.Close())
	}, nil
}
