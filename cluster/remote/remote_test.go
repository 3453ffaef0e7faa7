package remote

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func nothing(int, int64) {}

func TestExecAndCopy(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "run", "box", "--image=busybox", "--", "sleep", "3600")
	c.Kubectl(t, "-n", ns, "wait", "--for=condition=Ready", "pod/box", "--timeout=60s")
	at := Container{Namespace: ns, Pod: "box", Name: "box"}

	var out, problems bytes.Buffer
	err := Exec(t.Context(), c.Cluster, at, []string{"sh", "-c", "cat; echo bad >&2; exit 7"}, Streams{In: strings.NewReader("typed"), Out: &out, Err: &problems})
	if code, ok := ExitCode(err); !ok || code != 7 || out.String() != "typed" || problems.String() != "bad\n" {
		t.Errorf("%v %q %q", err, out.String(), problems.String())
	}

	dir := t.TempDir()
	for name, text := range map[string]string{"tree/a": "one", "tree/below/b": strings.Repeat("two", 100_000), "single": "three"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if files, total, err := LocalSize(filepath.Join(dir, "tree")); files != 2 || total != 300_003 || err != nil {
		t.Errorf("%d files of %d bytes, %v", files, total, err)
	}
	files, total := 0, int64(0)
	report := func(f int, n int64) { files, total = f, n }
	if err := Upload(t.Context(), c.Cluster, at, filepath.Join(dir, "tree"), "/tmp/copy", report); err != nil || files != 2 || total != 300_003 {
		t.Fatalf("%d files of %d bytes, %v", files, total, err)
	}
	if err := Upload(t.Context(), c.Cluster, at, filepath.Join(dir, "single"), "/tmp", nothing); err != nil { // into a directory
		t.Fatal(err)
	}
	if got := c.Kubectl(t, "-n", ns, "exec", "box", "--", "sh", "-c", "cat /tmp/copy/a /tmp/single; wc -c < /tmp/copy/below/b"); strings.Join(strings.Fields(got), " ") != "onethree300000" {
		t.Errorf("in the container: %q", got)
	}
	back := filepath.Join(dir, "back")
	if _, err := Download(t.Context(), c.Cluster, at, "/tmp/copy", back, false, report); err != nil || files != 2 || total != 300_003 {
		t.Fatalf("%d files of %d bytes, %v", files, total, err)
	}
	if b, err := os.ReadFile(filepath.Join(back, "below", "b")); err != nil || len(b) != 300_000 {
		t.Errorf("%d bytes came back, %v", len(b), err)
	}
	if _, err := Download(t.Context(), c.Cluster, at, "/tmp/single", filepath.Join(dir, "single"), false, nothing); !errors.Is(err, ErrExists) {
		t.Errorf("a file that exists: %v", err)
	}
	if _, err := Download(t.Context(), c.Cluster, at, "/no/such", filepath.Join(dir, "no"), false, nothing); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is not there: %v", err)
	}

	looking, err := cluster.New(cluster.Options{Name: "looking", Config: c.Config(), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := Exec(t.Context(), looking, at, []string{"true"}, Streams{}); !errors.Is(err, change.ErrReadOnly) {
		t.Errorf("a command in a cluster for looking only: %v", err)
	}
}

func TestNothingIsWrittenOutside(t *testing.T) {
	for _, name := range []string{"../escaped", "/etc/passwd", "other/file", "asked-and-more"} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 1, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "x"); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unpack(root, &b, "asked", "asked", nothing); err == nil {
			t.Errorf("%s was taken", name)
		}
		root.Close()
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%s: %v %v", name, entries, err)
		}
	}
}

func TestInputNeverBlocks(t *testing.T) {
	i := NewInput()
	if _, err := i.Write(make([]byte, maxInput)); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Write([]byte("more")); !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("got %v", err)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(i); err != nil || len(b) != maxInput {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// TestReadOnlyRefuses asks for every way to run something in a container, of a server that would tell of any request.
func TestReadOnlyRefuses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked %s %s", r.Method, r.URL) }))
	t.Cleanup(server.Close)
	c, err := cluster.New(cluster.Options{Name: "prod", Config: &rest.Config{Host: server.URL}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	at, dir := Container{Namespace: "default", Pod: "web"}, t.TempDir()
	if err := os.WriteFile(dir+"/f", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"exec":   func() error { return Exec(t.Context(), c, at, []string{"true"}, Streams{}) },
		"attach": func() error { return Attach(t.Context(), c, at, Streams{Out: io.Discard}) },
		"upload": func() error { return Upload(t.Context(), c, at, dir+"/f", "/tmp/f", nothing) },
		"download": func() error {
			_, err := Download(t.Context(), c, at, "/tmp/f", dir+"/g", false, nothing)
			return err
		},
	} {
		if err := f(); !errors.Is(err, change.ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
