package process

import "golang.org/x/sys/unix"

// dataSlack is what a process may ask for above the container's memory limit before the kernel refuses it: programs ask for
// more than they use, and the limit is about use.
const dataSlack = 1 << 30

// limitData is for a program that takes much between two looks at its memory. It holds for each process of the container on
// its own; what cannot be set is left to the looks.
func limitData(pid int, memory int64) {
	var now unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_DATA, nil, &now) != nil {
		return
	}
	most := min(uint64(memory)+dataSlack, now.Max)
	_ = unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: most}, nil)
}
