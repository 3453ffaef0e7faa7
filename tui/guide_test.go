package tui_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/examples"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// A newcomer does what the line says, and nothing else.
func TestTheTour(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Nodes: 1})
	hello, err := examples.Find("hello")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "state", "tour")
	o := tui.Options{Cluster: c.Cluster, Tour: tui.Tour{Begin: true, File: file}, Demos: []tui.Demo{{Name: "hello", Manifest: hello.Manifest}}}
	d := tuitest.New(t, o)
	d.Wait("tour 1/10  type :demo hello, then a and y", "ctrl-x ends it")
	d.Command("demo") // without a name it lists them
	d.Wait("Demos", "hello")
	d.Keys("enter")
	d.Wait("2 to create", "a preview")
	d.Keys("a", "y")
	d.Wait("tour 2/10  type :deploy, then s on hello")
	d.Command("deploy")
	d.Wait("hello", "2/2")
	d.Keys("s")
	d.Wait("Scale")
	d.Type("4") // takes the place of the 2
	d.Keys("enter")
	d.Wait("This will change")
	d.Keys("y")
	d.Wait("tour 3/10  i on hello")
	d.Keys("i")
	d.Wait("nginx:1.26")
	for range len("1.26") {
		d.Keys("backspace")
	}
	d.Type("1.27")
	d.Keys("enter")
	d.Wait("This will change")
	d.Keys("y")
	d.Wait("tour 4/10  enter on hello shows its rollout")
	d.Keys("enter")
	d.Wait("tour 5/10  j to revision 1, then u", "REV", "rolled out")
	d.Wait("nginx:1.26")
	d.Keys("j", "u")
	d.Wait("This will change")
	d.Keys("y")
	d.Wait("tour 6/10  type :pods, then l on a Pod of hello")
	d.Command("pods default")
	sets, err := c.Kubernetes().AppsV1().ReplicaSets("default").List(t.Context(), metav1.ListOptions{LabelSelector: "app=hello"})
	if err != nil {
		t.Fatal(err)
	}
	gone := "no ReplicaSet"
	for _, rs := range sets.Items {
		if rs.Spec.Template.Spec.Containers[0].Image == "nginx:1.27" {
			gone = rs.Name
		}
	}
	d.WaitFor("the old Pods alone", func(s string) bool { // those of the rollout that was taken back end
		return strings.Count(s, "Running") == 4 && strings.Count(s, "hello-") == 4 && !strings.Contains(s, gone)
	})
	d.Keys("g", "l") // the Pod under the cursor may have been one of those that ended
	d.Wait("tour 7/10  esc, then s on the Pod")
	d.Keys("esc")
	d.Wait("RESTARTS")
	d.Keys("s")
	d.Wait("tour 8/10  exit, esc, then K on the Pod")
	d.Wait(":/#")
	d.Type("exit")
	d.Keys("enter")
	d.Wait("ended")
	d.Keys("esc")
	d.Wait("RESTARTS")
	d.Keys("K")
	d.Wait("tour 9/10  D lists what you have changed")
	d.Keys("D")
	d.Wait("tour 10/10  ? lists the keys of any screen")
	d.Keys("?")
	d.Wait("that was the tour")
	if strings.Contains(d.Screen(), "tour 10/10") {
		t.Error("the tour's line is still there")
	}
	d.Idle()
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("it is not remembered: %v", err)
	}

	// It never comes again by itself; asked for, it does, and one key ends it.
	d = tuitest.New(t, o)
	d.Wait("NODES")
	d.Idle()
	if strings.Contains(d.Screen(), "tour 1/10") {
		t.Error("the tour begins again by itself")
	}
	d.Command("tour")
	d.Wait("tour 2/10") // hello is there
	d.Keys("ctrl+n")
	d.Wait("tour 3/10")
	d.Keys("?")
	d.Wait("skip this step of the tour")
	d.Keys("esc", "ctrl+x")
	d.Wait("the tour is over")
	d.WaitGone("tour 3/10")
}
