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
//
// Mappings that hold a changed page are left alone, read-only ones too: the dynamic linker writes addresses into some and
// protects them then (RELRO), and would not do so again. Without them the next call into libc ends the process.
func releaseCode() {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	var from, to uintptr // of the mapping that the lines are about; empty where it is not to be touched
	for line := range strings.Lines(string(smaps)) {
		f := strings.Fields(line)
		// proc_pid_smaps(5): address perms offset dev inode pathname, then lines of Name: N kB.
		if len(f) >= 5 && strings.Contains(f[0], "-") {
			from, to = 0, 0
			if len(f) == 6 && f[5] == exe && !strings.Contains(f[1], "w") {
				if _, err := fmt.Sscanf(f[0], "%x-%x", &from, &to); err != nil {
					from, to = 0, 0
				}
			}
			continue
		}
		if len(f) == 3 && f[0] == "Anonymous:" && f[1] == "0" && from < to {
			mapped := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), from)), to-from)
			_ = unix.Madvise(mapped, unix.MADV_DONTNEED) // advice
		}
	}
}
