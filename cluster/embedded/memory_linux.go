package embedded

import (
	"debug/elf"
	"unsafe"

	"golang.org/x/sys/unix"
)

// releaseCode unmaps this program's code and constants from the process: the start reads most of them (type registries,
// OpenAPI definitions), a running cluster the smaller part. What is needed again is mapped again from the page cache,
// without I/O as long as it is there. Where it cannot, nothing changes.
//
// Only segments that are loaded read-only are touched. Pages that the dynamic linker writes addresses to and protects
// afterwards (RELRO) lie in a writable segment: they would come back without the addresses.
func releaseCode() {
	exe, err := elf.Open("/proc/self/exe")
	if err != nil {
		return
	}
	defer exe.Close()
	if exe.Type != elf.ET_EXEC {
		return // loaded elsewhere than the file says
	}
	page := uint64(unix.Getpagesize())
	for _, p := range exe.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_W != 0 {
			continue
		}
		from, to := (p.Vaddr+page-1)/page*page, (p.Vaddr+p.Memsz)/page*page // whole pages of this segment alone
		if from < to {
			segment := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), from)), to-from)
			_ = unix.Madvise(segment, unix.MADV_DONTNEED) // advice
		}
	}
}
