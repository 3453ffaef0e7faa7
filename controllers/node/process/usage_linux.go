package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
)

// scanAge is how old a look at all processes may be.
const scanAge = 500 * time.Millisecond

// usages is what each process group uses, by one look at all processes for all containers.
type usages struct {
	mu     sync.Mutex
	at     time.Time
	groups map[int]containers.Usage
}

// of gives the usage of a group.
func (u *usages) of(group int) containers.Usage {
	u.mu.Lock()
	defer u.mu.Unlock()
	if time.Since(u.at) > scanAge {
		u.at, u.groups = time.Now(), scan()
	}
	return u.groups[group]
}

// scan reads proc_pid_stat(5) of all processes; the kernel counts in hundredths of a second there.
func scan() map[int]containers.Usage {
	out := map[int]containers.Usage{}
	proc, err := os.Open("/proc")
	if err != nil {
		return out
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1) // as far as it can be read
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		b, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(f) < 22 {
			continue
		}
		group, _ := strconv.Atoi(f[2])
		u := out[group]
		for _, at := range []int{11, 12, 13, 14} { // its own time and that of children it has waited for
			ticks, _ := strconv.ParseInt(f[at], 10, 64)
			u.CPU += time.Duration(ticks) * 10 * time.Millisecond
		}
		pages, _ := strconv.ParseInt(f[21], 10, 64)
		u.Memory += uint64(pages) * uint64(os.Getpagesize())
		out[group] = u
	}
	return out
}
