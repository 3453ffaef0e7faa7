package etcd

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screentest"
)

func TestCompareSnapshotWithNow(t *testing.T) {
	h, s := fixture.New(t)
	store, err := access.Store(s)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	if _, err := operate.SaveSnapshot(t.Context(), store, file, operate.SnapshotOptions{}); err != nil {
		t.Fatal(err)
	}
	client := store.Client()
	if _, err := client.Put(t.Context(), "/registry/pods/default/web", fixture.Pod(t, "web", "nginx:3", "kubectl-set", 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Put(t.Context(), "/registry/pods/default/new", fixture.Pod(t, "new", "n:1", "kubectl", 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Delete(t.Context(), "/registry/pods/default/db"); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]access.Compared{"a file": {File: file}, "a revision": {Revision: 20}} {
		opened, err := openCompared(s, r)
		if err != nil {
			t.Fatal(err)
		}
		text := screentest.Draw(h, opened, 120, 40).String()
		for _, want := range []string{"1 added, 1 gone, 1 changed", "pods/default/db", "deleted", "pods/default/new", "created", "nginx:2 → nginx:3", "redis:8"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q:\n%s", name, want, text)
			}
		}
		if r.File != "" {
			screentest.AllSizes(t, h, "compared", opened)
		}
		if err := opened.(*compareView).Filter("type:del"); err != nil || len(opened.(*compareView).pane.changes) != 1 {
			t.Errorf("%s: the filter leaves %d", name, len(opened.(*compareView).pane.changes))
		}
	}
	opened, err := openCompared(s, access.Compared{File: filepath.Join(t.TempDir(), "none")})
	if err != nil {
		t.Fatal(err)
	}
	if text := screentest.Draw(h, opened, 120, 24).String(); !strings.Contains(text, "not compared") || !strings.Contains(text, "no such file") {
		t.Error(text)
	}
}

func TestWhatToCompareWith(t *testing.T) {
	for line, want := range map[string]access.Compared{
		"b.db":          {File: "b.db"},
		"b.db /pods/":   {File: "b.db", Prefix: "/pods/"},
		"rev=12":        {Revision: 12},
		"rev=12 /pods/": {Revision: 12, Prefix: "/pods/"},
	} {
		if got, err := parseCompared(line); err != nil || got != want {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{"a b c", "rev=x", "rev=1 a b"} {
		if _, err := parseCompared(line); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}
