package scheduler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfiguration(t *testing.T) {
	c, err := configuration("")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Profiles) != 2 || c.Profiles[1].SchedulerName != "bin-packing" {
		t.Errorf("podarium's own has the profiles %+v", c.Profiles)
	}
	file := filepath.Join(t.TempDir(), "scheduler.yaml")
	const head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
	for text, want := range map[string]string{
		head + "profilez: []\n": `unknown field "profilez"`,
		head + "profiles:\n- schedulerName: a\n- schedulerName: a\n": "Duplicate value",
		"apiVersion: v1\nkind: Pod\n":                                "no kind \"Pod\"",
		"{":                                                          "scheduler.yaml",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := CheckConfig(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
	if err := CheckConfig(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that is not there is accepted")
	}
}
