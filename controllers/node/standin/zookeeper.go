package standin

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// zookeeper answers ZooKeeper's four-letter words. The member whose host name ends in -0, or that has no number, leads.
func (p *process) zookeeper(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 4)
	for at := 0; at < len(buf); {
		n, err := c.Read(buf[at:])
		if err != nil {
			return
		}
		at += n
	}
	_, _ = c.Write([]byte(p.fourLetterWord(string(buf))))
}

func (p *process) fourLetterWord(word string) string {
	const release = "3.9.3-podarium, built on 01/01/2026 00:00 UTC"
	mode := "standalone"
	if name, n, ok := cutLast(p.spec.Hostname, "-"); ok && name != "" && isNumber(n) {
		mode = "follower"
		if n == "0" {
			mode = "leader"
		}
	}
	stat := fmt.Sprintf("Zookeeper version: %s\nLatency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\nConnections: 1\nOutstanding: 0\nZxid: 0x100000000\nMode: %s\nNode count: 5\n", release, mode)
	switch word {
	case "ruok":
		return "imok"
	case "srvr", "stat":
		return stat
	case "isro":
		return "rw"
	case "mntr":
		return fmt.Sprintf("zk_version\t%s\nzk_server_state\t%s\nzk_znode_count\t5\nzk_uptime\t%d\nzk_num_alive_connections\t1\n", release, mode, time.Since(p.started).Milliseconds())
	case "conf":
		return "clientPort=2181\ndataDir=/data/version-2\ntickTime=2000\ninitLimit=10\nsyncLimit=5\n"
	case "envi":
		return "Environment:\nzookeeper.version=" + release + "\nhost.name=" + p.spec.Hostname + "\n"
	case "cons", "dump", "wchs":
		return "\n"
	}
	return word + " is not executed because it is not in the whitelist.\n"
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
