package node

import (
	"bufio"
	"bytes"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func totalMemory() uint64 {
	var s unix.Sysinfo_t
	if err := unix.Sysinfo(&s); err != nil {
		return 1 << 30
	}
	return uint64(s.Totalram) * uint64(s.Unit)
}

// systemVersion gives the kernel's version and the distribution's name.
func systemVersion() (kernel, system string) {
	kernel, system = "unknown", "Linux"
	var u unix.Utsname
	if err := unix.Uname(&u); err == nil {
		kernel = unix.ByteSliceToString(u.Release[:])
	}
	if b, err := os.ReadFile("/etc/os-release"); err == nil {
		for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
			if name, ok := strings.CutPrefix(s.Text(), "PRETTY_NAME="); ok {
				system = strings.Trim(name, `"`)
			}
		}
	}
	return kernel, system
}
