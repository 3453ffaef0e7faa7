package standin

import (
	"os"

	"golang.org/x/sys/windows"
)

// duplicate opens a file again, with the same position in it.
func duplicate(f *os.File) (*os.File, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var h windows.Handle
	var failed error
	self := windows.CurrentProcess()
	if err := raw.Control(func(old uintptr) {
		failed = windows.DuplicateHandle(self, windows.Handle(old), self, &h, 0, false, windows.DUPLICATE_SAME_ACCESS)
	}); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, os.NewSyscallError("DuplicateHandle", failed)
	}
	return os.NewFile(uintptr(h), f.Name()), nil
}
