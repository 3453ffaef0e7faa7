//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
)

// zookeeperJar is where Debian's zookeeper has its program.
const zookeeperJar = "/usr/share/java/zookeeper.jar"

// Three real ZooKeepers as containers of the demonstration's StatefulSet: they find each other by their names through the
// cluster's network, elect a leader, keep what is written, and elect another when the leader's Pod goes.
func TestRealZooKeeperQuorum(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("java is not installed")
	}
	if _, err := os.Stat(zookeeperJar); err != nil {
		t.Skip("ZooKeeper is not installed: ", err)
	}
	c := clustertest.Start(t, clustertest.Options{Nodes: 1, Args: []string{"--runtime", "process"}})
	podarium(t, c, "demo", "zookeeper")
	word := func(pod, word string) string {
		out, _ := c.TryKubectl(t, "exec", "-n", "middleware", pod, "--", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PORT_2181; echo "+word+" >&3; cat <&3")
		return out // of one that is about to start or to end it is empty
	}
	// modes gives who leads and how many follow.
	modes := func() (leader string, followers int) {
		for i := range 3 {
			name := fmt.Sprintf("zookeeper-%d", i)
			switch out := word(name, "srvr"); {
			case strings.Contains(out, "Mode: leader"):
				leader = name
			case strings.Contains(out, "Mode: follower"):
				followers++
			}
		}
		return leader, followers
	}
	var leader string
	clustertest.Eventually(t, "the ZooKeepers to elect a leader", func() bool {
		var followers int
		leader, followers = modes()
		return leader != "" && followers == 2
	})
	out := word(leader, "conf")
	for i := range 3 {
		if !strings.Contains(out, fmt.Sprintf("server.%d=127.0.0.1:", i)) {
			t.Errorf("%s does not know member %d: %s", leader, i, out)
		}
	}
	uid := get(t, c, "middleware", leader).UID
	c.Kubectl(t, "delete", "pod", "-n", "middleware", leader, "--grace-period=1")
	clustertest.Eventually(t, "another leader, and all three again", func() bool {
		p, err := c.TryKubectl(t, "get", "pod", "-n", "middleware", leader, "-o", "jsonpath={.metadata.uid}")
		if err != nil || p == string(uid) {
			return false
		}
		now, followers := modes()
		return now != "" && followers == 2
	})
}
