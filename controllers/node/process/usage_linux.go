package process

import (
	"os"
	"strconv"
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
	groups map[int]*group
}

type group struct {
	usage containers.Usage
	pids  []int
}

// look needs u.mu. It gives a group, nil where there is none.
func (u *usages) look(id int) *group {
	if time.Since(u.at) > scanAge {
		u.at, u.groups = time.Now(), scan()
	}
	return u.groups[id]
}

// of gives the usage of a group.
func (u *usages) of(id int) containers.Usage {
	u.mu.Lock()
	defer u.mu.Unlock()
	if g := u.look(id); g != nil {
		return g.usage
	}
	return containers.Usage{}
}

// members are the processes of a group.
func (u *usages) members(id int) []int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if g := u.look(id); g != nil {
		return g.pids
	}
	return nil
}

// scan looks at all processes.
func scan() map[int]*group {
	out := map[int]*group{}
	proc, err := os.Open("/proc")
	if err != nil {
		return out
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1) // as far as it can be read
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		f := stat(name)
		if f == nil {
			continue
		}
		id, _ := strconv.Atoi(f[2])
		g := out[id]
		if g == nil {
			g = &group{}
			out[id] = g
		}
		pages, _ := strconv.ParseInt(f[21], 10, 64)
		g.pids = append(g.pids, pid)
		g.usage.CPU += timeOf(f)
		g.usage.Memory += uint64(pages) * uint64(os.Getpagesize())
	}
	return out
}
