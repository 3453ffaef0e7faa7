package node

import "golang.org/x/sys/unix"

func totalMemory() uint64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 1 << 30
	}
	return n
}

// systemVersion gives the kernel's version and the system's name.
func systemVersion() (kernel, system string) {
	kernel, system = "unknown", "macOS"
	if v, err := unix.Sysctl("kern.osrelease"); err == nil {
		kernel = v
	}
	if v, err := unix.Sysctl("kern.osproductversion"); err == nil {
		system = "macOS " + v
	}
	return kernel, system
}
