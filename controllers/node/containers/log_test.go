package containers

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) ([PF]) (.*)$`)

func TestLogFormat(t *testing.T) {
	l := &logFile{path: filepath.Join(t.TempDir(), "deep", "0.log")}
	if err := l.create(); err != nil {
		t.Fatal(err)
	}
	c := &container{log: l, spread: &spread{}}
	out, errs := &output{c: c, stream: "stdout"}, &output{c: c, stream: "stderr"}
	for _, part := range []string{"one\ntw", "o\n", "\n", strings.Repeat("x", maxLine+5) + "\n", "rest"} {
		if n, err := out.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if _, err := errs.Write([]byte("oops\n")); err != nil {
		t.Fatal(err)
	}
	out.flush()
	l.close()
	b, err := os.ReadFile(l.path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(b)) {
		m := logLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Fatalf("%q is no line of a CRI log", line)
		}
		text := m[3]
		if len(text) > 20 {
			text = text[:3] + "…"
		}
		got = append(got, m[1]+" "+m[2]+" "+text)
	}
	want := "stdout F one|stdout F two|stdout F |stdout P xxx…|stdout F xxxxx|stderr F oops|stdout F rest"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("the log is\n%s\nwant\n%s", s, want)
	}
	if info, err := os.Stat(l.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAttach(t *testing.T) {
	s := &spread{}
	var out, errs bytes.Buffer
	a := s.add(&out, &errs)
	s.write("stdout", []byte("a"))
	s.write("stderr", []byte("b"))
	s.remove(a)
	s.write("stdout", []byte("c"))
	if out.String() != "a" || errs.String() != "b" {
		t.Errorf("%q and %q", out.String(), errs.String())
	}
	b := s.add(&out, nil)
	s.close()
	for _, x := range []*attached{b, s.add(&out, nil)} { // also who comes after the end
		select {
		case <-x.gone:
		case <-time.After(time.Minute):
			t.Error("who is attached does not hear of the end")
		}
	}
}
