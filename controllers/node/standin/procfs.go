package standin

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"runtime"
	"strings"
	"time"
)

// virtual is what a container reads below /proc and /sys that scripts look at; nil where there is no such file. Its numbers are
// the container's own: its limits, and for what nobody has counted, plausible ones.
func (f *files) virtual(p string) []byte {
	p = path.Clean("/" + p)
	if rest, ok := strings.CutPrefix(p, "/proc/self/"); ok {
		p = "/proc/1/" + rest
	}
	c := f.spec
	up := time.Since(f.began)
	memory := c.MemoryLimit
	if memory == 0 {
		memory = 8 << 30
	}
	switch p {
	case "/proc/1/cmdline":
		argv := append(append([]string(nil), c.Command...), c.Args...)
		if len(argv) == 0 {
			argv = []string{c.Name}
		}
		return []byte(strings.Join(argv, "\x00") + "\x00")
	case "/proc/1/comm":
		if len(c.Command) > 0 {
			return []byte(path.Base(c.Command[0]) + "\n")
		}
		return []byte(c.Name + "\n")
	case "/proc/1/environ":
		return []byte(strings.Join(c.Env, "\x00") + "\x00")
	case "/proc/1/cgroup":
		return []byte("0::/\n")
	case "/proc/mounts", "/proc/1/mounts":
		var b bytes.Buffer
		b.WriteString("overlay / overlay rw 0 0\n")
		for _, m := range f.mounts {
			mode := "rw"
			if m.Readonly {
				mode = "ro"
			}
			fmt.Fprintf(&b, "volume %s volume %s 0 0\n", m.ContainerPath, mode)
		}
		return b.Bytes()
	case "/proc/uptime":
		return fmt.Appendf(nil, "%.2f %.2f\n", up.Seconds(), up.Seconds())
	case "/proc/loadavg":
		return []byte("0.00 0.00 0.00 1/2 2\n")
	case "/proc/version":
		return []byte("Linux version podarium (a stand-in)\n")
	case "/proc/meminfo":
		return fmt.Appendf(nil, "MemTotal: %14d kB\nMemFree: %15d kB\nMemAvailable: %10d kB\n", memory>>10, memory>>11, memory>>11)
	case "/proc/cpuinfo":
		var b bytes.Buffer
		for i := range runtime.NumCPU() {
			fmt.Fprintf(&b, "processor\t: %d\nmodel name\t: podarium stand-in (%s)\n\n", i, runtime.GOARCH)
		}
		return b.Bytes()
	case "/sys/fs/cgroup/memory.max":
		if c.MemoryLimit == 0 {
			return []byte("max\n")
		}
		return fmt.Appendf(nil, "%d\n", c.MemoryLimit)
	}
	return nil
}

// readOnlyFile is such a file, opened.
type readOnlyFile struct{ *bytes.Reader }

func (readOnlyFile) Write([]byte) (int, error) { return 0, errReadOnly }
func (readOnlyFile) Close() error              { return nil }

var _ io.ReadWriteCloser = readOnlyFile{}
