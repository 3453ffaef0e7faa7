package node

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

func totalMemory() uint64 {
	// MEMORYSTATUSEX of sysinfoapi.h.
	var s struct {
		length, load                                              uint32
		total, free, totalPage, freePage, totalVirtual, virt, ext uint64
	}
	s.length = uint32(unsafe.Sizeof(s))
	proc := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
	if ok, _, _ := proc.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return 1 << 30
	}
	return s.total
}

// systemVersion gives the kernel's version and the system's name.
func systemVersion() (kernel, system string) {
	v := windows.RtlGetVersion()
	kernel = fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
	return kernel, "Windows " + kernel
}
