package saved

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/tui/screentest"
)

func TestSavedFilesAreListedAndShown(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"old.csv", "new.log"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("line of "+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		at := screentest.Now.Add(time.Duration(i-2) * time.Hour)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	h, s := screentest.New(t, nil)
	v, err := list(s, dir)
	if err != nil {
		t.Fatal(err)
	}
	h.Tick()
	got := screentest.Draw(h, v, 80, 24).String()
	if strings.Index(got, "new.log") > strings.Index(got, "old.csv") || !strings.Contains(got, "old.csv") || strings.Contains(got, "folder") {
		t.Errorf("the newest is not first:\n%s", got)
	}
	v.Do("enter")
	if len(h.Asked) != 1 || h.Asked[0].Title() != "new.log" {
		t.Fatalf("enter shows %v, said %v", h.Asked, h.Said)
	}
	v.Do(actPath)
	if len(h.Copied) != 1 || h.Copied[0] != filepath.Join(dir, "new.log") {
		t.Errorf("copied %v", h.Copied)
	}
}

func TestNothingSaved(t *testing.T) {
	h, s := screentest.New(t, nil)
	v, err := list(s, filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	h.Tick()
	if got := screentest.Draw(h, v, 80, 24).String(); !strings.Contains(got, "nothing was saved") {
		t.Errorf("an empty list:\n%s", got)
	}
}
