package embedded

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// releaseCode unmaps the pages of this program's own file from the process: the start reads most of its code and tables
// (type registries, OpenAPI definitions), a running cluster a third of them. What is needed again is mapped again from
// the page cache, without I/O as long as it is there. Where it cannot, nothing changes.
func releaseCode() {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(maps)) {
		// proc_pid_maps(5): address perms offset dev inode pathname. Only what cannot have been written to.
		f := strings.Fields(line)
		if len(f) < 6 || f[5] != exe || strings.Contains(f[1], "w") {
			continue
		}
		var from, to uintptr
		if _, err := fmt.Sscanf(f[0], "%x-%x", &from, &to); err != nil {
			continue
		}
		mapped := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), from)), to-from)
		_ = unix.Madvise(mapped, unix.MADV_DONTNEED) // advice
	}
}
