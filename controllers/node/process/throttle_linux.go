package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// throttlePeriod is how often a group with a limit is looked at.
	throttlePeriod = 50 * time.Millisecond
	// burst is for how long a group that has been idle may go without a limit.
	burst = 100 * time.Millisecond
)

const cpuLimits = "CPU limits: kept on average, by stopping all of a container (SIGSTOP) for as long as it has run too much"

// throttle keeps a group below its limit of processors, as the kernel would in a cgroup, which needs root or a delegation: what
// it has used is taken off what it may use, and below nothing it is stopped until it may go on. It ends with the container, and
// when that is asked to end.
func (p *process) throttle() {
	tick := time.NewTicker(throttlePeriod)
	defer tick.Stop()
	group := p.cmd.Process.Pid
	var members []int
	var looked time.Time
	last, at, stopped := time.Duration(0), time.Now(), false
	may := time.Duration(0)
	for {
		select {
		case <-p.done:
			return
		case <-p.ending:
			_ = syscall.Kill(-group, syscall.SIGCONT)
			return
		case <-tick.C:
		}
		now := time.Now()
		if now.Sub(looked) > scanAge {
			looked, members = now, p.engine.usage.members(group)
		}
		used := processors(members)
		may = min(may+time.Duration(p.spec.CPULimit*float64(now.Sub(at))), time.Duration(p.spec.CPULimit*float64(burst)))
		may -= max(used-last, 0) // less where one has ended that nobody has waited for
		last, at = used, now
		switch {
		case may < 0 && !stopped:
			stopped = syscall.Kill(-group, syscall.SIGSTOP) == nil
		case may >= 0 && stopped:
			stopped = syscall.Kill(-group, syscall.SIGCONT) != nil
		}
	}
}

// processors is the processor time that processes have used, and their children that they have waited for.
func processors(pids []int) (used time.Duration) {
	for _, pid := range pids {
		if f := stat(strconv.Itoa(pid)); f != nil {
			used += timeOf(f)
		}
	}
	return used
}

// stat are the fields of proc_pid_stat(5) from the third on, nil where the process has ended.
func stat(pid string) []string {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return nil
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 22 {
		return nil
	}
	return f
}

// timeOf is a process's own time and that of children it has waited for; the kernel counts in hundredths of a second there.
func timeOf(f []string) (used time.Duration) {
	for _, at := range []int{11, 12, 13, 14} {
		ticks, _ := strconv.ParseInt(f[at], 10, 64)
		used += time.Duration(ticks) * 10 * time.Millisecond
	}
	return used
}
