package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
)

// usageOf reads proc_pid_stat(5); the kernel counts in hundredths of a second there.
func usageOf(pid int) containers.Usage {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return containers.Usage{}
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 22 {
		return containers.Usage{}
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	pages, _ := strconv.ParseInt(f[21], 10, 64)
	return containers.Usage{CPU: time.Duration(user+system) * 10 * time.Millisecond, Memory: uint64(pages) * uint64(os.Getpagesize())}
}
