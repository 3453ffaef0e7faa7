package tui_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/tuitest"
)

// configured is a UI with a configuration that the test writes.
type configured struct {
	*tuitest.Driver
	t     *testing.T
	dir   string
	store *config.Store
}

func withConfig(t *testing.T, o tui.Options, text string) *configured {
	t.Helper()
	c := &configured{t: t, dir: t.TempDir()}
	c.file("config.yaml", text)
	store, err := config.Open(c.dir, tui.CheckConfig)
	if err != nil {
		t.Fatal(err)
	}
	c.store, o.Config = store, store
	c.Driver = tuitest.New(t, o)
	return c
}

func (c *configured) file(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// change writes the configuration anew, and reads it as the watch would.
func (c *configured) change(text string) {
	c.t.Helper()
	c.file("config.yaml", text)
	c.store.Read()
}

func TestConfigurationIsTakenLive(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := withConfig(t, tui.Options{Cluster: c.Cluster}, "namespaces: {default: "+ns+"}\naliases: {conf: configmaps}\n")
	d.Command("conf")
	d.Wait(ns+" / configmaps", "kube-root-ca.crt")

	d.change("keys:\n  Tables: {describe: ctrl-x, yaml: Z}\naliases: {conf: configmaps kube-system}\n")
	d.Wait("configuration read anew", "ctrl-x describe")
	d.Keys("ctrl+x")
	d.Wait("configmaps / kube-root-ca.crt", "describe")
	d.Keys("esc", "Z")
	d.Wait("configmaps / kube-root-ca.crt", "BEGIN CERTIFICATE")
	d.Keys("esc", "?")
	d.Wait("ctrl-x            describe")
	d.Keys("esc")
	d.Command("conf")
	d.Wait("kube-system / configmaps", "▸") // a key is for a row

	d.change("keys:\n  Tables: {describe: ctrl-x, yaml: ctrl-x}\n")
	d.Wait(`would do two things: "describe"`, "the configuration before stays in") // the message takes several lines
	d.Keys("ctrl+x")
	d.Wait("configmaps / ", "describe")
	d.change("them: {}\n")
	d.Wait(`config.yaml:1:1: unknown field "them": do you mean "theme"?`)
	d.change("keys: {}\n")
	d.Wait("configuration read anew")
}

func TestThemesLive(t *testing.T) {
	c, _ := clustertest.Shared(t)
	d := withConfig(t, tui.Options{Cluster: c.Cluster}, "theme: {mode: light}\n")
	ground := func() any { return d.Cells().Base().Bg }
	light := ground()
	theme, err := os.ReadFile("../themes/podarium-dark.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mine := strings.NewReplacer("name: podarium-dark", "name: mine", "#10141a", "#000000").Replace(string(theme))
	d.file("themes/mine.yaml", mine)
	d.change("theme: {mode: dark}\n")
	d.Wait("configuration read anew")
	dark := ground()
	if light == dark {
		t.Error("the theme did not change")
	}
	d.Command("theme mine")
	black := ground()
	if black == dark {
		t.Error(":theme did not change the theme")
	}
	d.file("themes/mine.yaml", strings.Replace(mine, "#000000", "#050505", 1))
	d.store.Read()
	d.WaitFor("the changed theme", func(string) bool { return ground() != black })
	d.Command("theme auto")
	if ground() != dark {
		t.Error(":theme auto does not go back to the configuration")
	}
	d.Command("theme mien")
	d.Wait(`unknown theme "mien": do you mean "mine"?`)
}

func TestSetsOfNamespaces(t *testing.T) {
	c, one := clustertest.Shared(t)
	_, two := clustertest.Shared(t)
	for ns, name := range map[string]string{one: "of-one", two: "of-two"} {
		_, err := c.Kubernetes().CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	d := withConfig(t, tui.Options{Cluster: c.Cluster}, "namespaces:\n  favourites: [both, kube-system]\n  sets: {both: ["+one+", "+two+"]}\n")
	d.Command("cm kube-system")
	d.Wait("kube-system / configmaps")
	d.Keys("1")
	d.Wait("both / configmaps", "NAMESPACE", "of-one", "of-two")
	d.WaitGone("extension-apiserver-authentication")
	d.Keys("?")
	d.Wait("1                 both")
	d.Idle() // esc would cancel what is under way
	d.Keys("esc")
	if _, err := c.Kubernetes().CoreV1().ConfigMaps(two).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "live"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	d.Wait("live")
	d.Command("cm " + one + "," + two)
	d.Wait("both / configmaps", "of-one", "of-two", "live")
	d.Command("ns both")
	d.Wait("both / configmaps", "of-one")
}

func TestReadOnlyIsLiftedAfterAQuestion(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{ReadOnly: true, Nodes: -1})
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Wait("read-only")
	d.Command("readonly off")
	d.Wait("Allow changes", "is opened read-only")
	d.Keys("esc")
	if !c.ReadOnly() {
		t.Fatal("lifted without an answer")
	}
	d.Command("readonly off")
	d.Keys("tab", "enter")
	d.Wait("changes of test are possible now")
	d.Command("readonly on")
	d.Wait("test is read-only now", "read-only")
	if !c.ReadOnly() {
		t.Error("not read-only")
	}
}
