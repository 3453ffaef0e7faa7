package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

// events gives the messages of an object's events with a reason.
func events(t *testing.T, c *clustertest.Cluster, ns, name, reason string) string {
	t.Helper()
	list, err := c.Kubernetes().CoreV1().Events(ns).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=" + reason + ",involvedObject.name=" + name})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := range list.Items {
		b.WriteString(list.Items[i].Message + "\n")
	}
	return b.String()
}

// awaitEvents waits until the messages of an object's events with a reason have all of the words: they are written some time
// after what they tell of, and several of one kind by and by.
func awaitEvents(t *testing.T, c *clustertest.Cluster, ns, name, reason string, words ...string) {
	t.Helper()
	clustertest.Eventually(t, fmt.Sprintf("events %s of %s with %q", reason, name, words), func() bool {
		said := events(t, c, ns, name, reason)
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(said, w) })
	})
}

// awaitLog waits until a log is as it should be: what a container prints is there some time after it is ready.
func awaitLog(t *testing.T, c *clustertest.Cluster, want func(log string) bool, args ...string) {
	t.Helper()
	var log string
	var err error
	defer func() {
		if t.Failed() {
			t.Logf("kubectl logs %v: %q, %v", args, log, err)
		}
	}()
	clustertest.Eventually(t, fmt.Sprintf("the log of %v", args), func() bool {
		log, err = c.TryKubectl(t, append([]string{"logs"}, args...)...)
		return err == nil && want(log)
	})
}

func is(want string) func(string) bool { return func(got string) bool { return got == want } }

// printsSoon waits until a script in a Pod prints what it should, whatever its exit code.
func printsSoon(t *testing.T, c *clustertest.Cluster, ns, pod, script, want string) {
	t.Helper()
	var out string
	var err error
	defer func() {
		if t.Failed() {
			t.Logf("%s prints %q: %v", script, out, err)
		}
	}()
	clustertest.Eventually(t, fmt.Sprintf("%s to print %q", script, want), func() bool {
		out, err = c.TryKubectl(t, "exec", "-n", ns, pod, "--", "sh", "-c", script)
		return out == want
	})
}
