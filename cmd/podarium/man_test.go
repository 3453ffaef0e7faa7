package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func TestTheManualPage(t *testing.T) {
	root := newRoot()
	root.InitDefaultCompletionCmd()
	var b bytes.Buffer
	if err := writeMan(&b, root); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".SH NAME", "podarium up", "ctrl\\-d", ":deploy", "\\-\\-data\\-dir", "podarium etcd watch", "import\\-k9s"} {
		if !strings.Contains(strings.ReplaceAll(b.String(), "\\-", "-"), strings.ReplaceAll(want, "\\-", "-")) {
			t.Errorf("the page does not tell of %s", want)
		}
	}
	man, err := exec.LookPath("groff")
	if err != nil {
		return
	}
	cmd := exec.Command(man, "-man", "-Tutf8", "-ww", "-z")
	cmd.Stdin = bytes.NewReader(b.Bytes())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff complains: %v\n%.500s", err, out)
	}
}
