package etcdcmd_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cmd/podarium/etcdcmd"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/etcdtest"
)

// encode writes an object as an API server stores it.
func encode(t testing.TB, o runtime.Object, kind string) []byte {
	t.Helper()
	o.GetObjectKind().SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	var b bytes.Buffer
	if err := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(o, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pod(t testing.TB, name, image string) []byte {
	return encode(t, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: image}}}}, "Pod")
}

// run runs one command as a user would type it.
func run(t testing.TB, stdin string, args ...string) (stdout string, code int, err error) {
	t.Helper()
	return runWith(t, etcdcmd.Deps{}, stdin, args...)
}

func runWith(t testing.TB, deps etcdcmd.Deps, stdin string, args ...string) (stdout string, code int, err error) {
	t.Helper()
	cmd := etcdcmd.Command(deps)
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetArgs(args)
	cmd.SilenceErrors = true
	err = cmd.ExecuteContext(t.Context())
	var exit *etcdcmd.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		code = 1
	}
	return out.String(), code, err
}

// execute runs a command until the context ends.
func execute(ctx context.Context, deps etcdcmd.Deps, out io.Writer, args ...string) (code int, err error) {
	cmd := etcdcmd.Command(deps)
	cmd.SetOut(out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs(args)
	cmd.SilenceErrors = true
	err = cmd.ExecuteContext(ctx)
	var exit *etcdcmd.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	return code, err
}

func TestReading(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client(t)
	t.Setenv("ETCDCTL_ENDPOINTS", s.Endpoint)
	secret := encode(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "default"}, Data: map[string][]byte{"pw": []byte("hunter2")}}, "Secret")
	first := pod(t, "web", "nginx:1")
	var rev int64
	for _, kv := range [][2]string{{"/registry/pods/default/web", string(first)}, {"/registry/pods/default/db", string(pod(t, "db", "redis"))},
		{"/registry/secrets/default/s", string(secret)}, {"compact_rev_key", "7"}, {"/registry/pods/default/web", string(pod(t, "web", "nginx:2"))}} {
		r, err := c.Put(t.Context(), kv[0], kv[1])
		if err != nil {
			t.Fatal(err)
		}
		rev = r.Header.Revision
	}

	for _, tc := range []struct {
		args  string
		stdin string
		want  []string
		not   string
		twice string // what must not stand there twice
		err   string
		code  int
	}{
		{args: "get /registry/pods/default/web", want: []string{"image: nginx:2", "v1 Pod, protobuf", "version 2"}},
		{args: fmt.Sprintf("get /registry/pods/default/web --rev %d", rev-1), want: []string{"image: nginx:1"}},
		{args: "get /registry/pods/default/web -o raw", want: []string{string(pod(t, "web", "nginx:2"))}},
		{args: "get /registry/secrets/default/s -o base64", want: []string{base64.StdEncoding.EncodeToString(secret) + "\n"}},
		{args: "get /registry/secrets/default/s", want: []string{"pw: <masked, 7 bytes>"}, not: "aHVudGVyMg"},
		{args: "get /registry/secrets/default/s --show-secrets", want: []string{"pw: aHVudGVyMg=="}},
		{args: "get /registry/ --prefix --keys-only", want: []string{"/registry/pods/default/db\n/registry/pods/default/web\n/registry/secrets/default/s\n"}, not: "compact"},
		{args: "get --prefix --limit 1 -o jsonl", want: []string{`"key":"/registry/pods/default/db"`, `"image":"redis"`}, not: "default/web"},
		{args: "get /registry/pods/ --prefix --count-only", want: []string{"2\n"}},
		{args: "get /registry/pods --count-only", want: []string{"0\n"}},
		{args: "get /registry/ --prefix --sort-by MODIFY --order DESCEND --limit 2 --keys-only", want: []string{"/registry/pods/default/web\n/registry/secrets/default/s\n"}},
		{args: "get --prefix --sort-by size --limit 1", want: []string{"# compact_rev_key"}, not: "/registry"},
		{args: "get --prefix --sort-by version --order descend --limit 1 -o jsonl", want: []string{`"key":"/registry/pods/default/web"`, `"image":"nginx:2"`}},
		{args: "get --prefix --sort-by colour", code: 2},
		{args: "get --prefix --sort-by VALUE --order DESCEND --limit 1 --keys-only", want: []string{"/registry/secrets/default/s\n"}},
		{args: "get /registry/pods/default/web --from-key --keys-only", want: []string{"/registry/pods/default/web\n/registry/secrets/default/s\n"}, not: "db"},
		{args: "get /registry/pods/default/web --from-key --count-only", want: []string{"3\n"}},
		{args: "get --from-key --prefix", code: 2},
		{args: fmt.Sprintf("get --prefix --min-mod-rev %d --keys-only", rev), want: []string{"/registry/pods/default/web\n"}, not: "compact"},
		{args: "get --prefix --max-create-rev 2 --count-only", want: []string{"1\n"}},
		{args: "get compact_rev_key --consistency s", want: []string{"7\n"}},
		{args: "get /x --consistency maybe", code: 2},
		{args: "get compact_rev_key --hex", want: []string{"00000000  37 "}},
		{args: "get compact_rev_key -w json", want: []string{`"key": "compact_rev_key"`}},
		{args: "get compact_rev_key -w fields", code: 2},
		{args: "endpoint status --cluster", want: []string{"leader"}},
		{args: "endpoint health", want: []string{"true"}},
		{args: "endpoint hashkv", want: []string{"HASH"}},
		{args: "member list -w table", want: []string{"CLIENT URLS"}},
		{args: "alarm list", want: []string{"no alarm"}},
		{args: "auth status", want: []string{"authentication is off"}},
		{args: "lease timetolive 1234 --keys", code: 4},
		{args: "lease timetolive x", code: 2},
		{args: "space --keys-only", want: []string{"/registry/pods/", "66.7%"}},
		{args: "compaction 3 --dry-run", code: 0, want: []string{"forget all revisions before 3"}},
		{args: "compact --dry-run", want: []string{fmt.Sprintf("forget all revisions before %d", rev)}},
		{args: "compact x --dry-run", code: 2},
		{args: "__complete get /registry/po", want: []string{"/registry/pods/\n", ":6"}},
		{args: "__complete get /registry/pods/default/w", want: []string{"/registry/pods/default/web\n", ":4"}},
		{args: "__complete history /registry/pods/default/web ", want: []string{":4"}},
		{args: "__complete get -o ", want: []string{"base64\n", "jsonl\n"}},
		{args: "__complete search x --mode ", want: []string{"fuzzy\n"}},
		{args: "__complete move-leader ", want: []string{"default\n"}},
		{args: "top --for 1ms", want: []string{"0 writes"}},
		{args: "get /none", code: 4},
		{args: "get /registry/pods/", code: 4, err: "2 keys begin with it: --prefix"},
		{args: "get pods/default/web", code: 4, err: "did you mean /registry/pods/default/web?"},
		{args: "get", code: 2},
		{args: "get /x -o xml", code: 2},
		{args: "get compact_rev_key -o hex", want: []string{"00000000  37 "}},
		{args: "ls /registry/", want: []string{"pods/", "secrets/", "2"}},
		{args: "ls /registry/pods/default -o json", want: []string{`"resource": "pods default/db"`}},
		{args: "ls /none/", code: 4},
		{args: "tree /registry/pods/", want: []string{"/registry/pods/default/\n├── db\n└── web\n"}},
		{args: "tree /registry/ -o jsonl", want: []string{`"path":"/registry/pods/","dir":true,"keys":2`, `"children":[{"name":"db","path":"/registry/pods/default/db"`}},
		{args: "tree /registry/none", code: 4},
		{args: "tree -o hex", code: 2},
		{args: "history /registry/pods/default/web", want: []string{"spec.containers[web].image: nginx:1 → nginx:2", "created"}},
		{args: "history /none", code: 4},
		{args: "diff /registry/pods/default/web", want: []string{"spec.containers[web].image: nginx:1 → nginx:2"}, code: 1},
		{args: "diff /registry/pods/default/web x", code: 2},
		{args: "diff /registry/pods/default/web 99999", code: 1},
		{args: "watch /registry/pods/ --prefix --rev 2 --limit 3 -o jsonl", want: []string{`"type":"create"`, `"path":"spec.containers[web].image","op":"changed","old":"nginx:1","new":"nginx:2"`}},
		{args: "watch", code: 2},
		{args: "watch /registry/pods/ /registry/ /registry/pods/default/web --prefix --rev 2 --limit 4 -o jsonl", want: []string{`"revision":6`}, twice: `"revision":3`},
		{args: "decode", stdin: base64.StdEncoding.EncodeToString(first) + "\n", want: []string{"image: nginx:1"}},
		{args: "decode -o json", stdin: string(first) + "\n", want: []string{`"image": "nginx:1"`}},
		{args: "decode", stdin: fmt.Sprintf("%x", first), want: []string{"image: nginx:1"}},
		{args: "decode", stdin: etcdctlJSON(t, "/registry/secrets/default/s", secret), want: []string{"<masked, 7 bytes>", "# /registry/secrets/default/s"}, not: "aHVudGVyMg"},
		{args: "decode", stdin: hex.Dump(first), want: []string{"image: nginx:1"}},
		{args: "ls", want: []string{"compact_rev_key"}},
		{args: "ls /registry/secrets", want: []string{"in /registry/secrets/default/\n"}},
		{args: "ls /registry/pods/default -o jsonl", want: []string{"\n{"}, not: "["},
		{args: "search web -o yaml", want: []string{"image: nginx:2"}},
		{args: "search web -o json", want: []string{`"image": "nginx:2"`, `"size": `}},
		{args: "history /registry/pods/default/web -o jsonl", want: []string{"\n{"}},
		{args: "watch /registry/pods/ --prefix --rev 2 --limit 2 -o yaml", want: []string{"---\n", "type: create"}},
		{args: "decode", stdin: "k8s\x00\xff", want: []string{"base64"}, code: 1},
		{args: "decode", stdin: ""},
		{args: "nonsense", code: 2},
		{args: "--snapshot a --db b ls", code: 2},
		{args: "get /x --cert only.pem", code: 1},
	} {
		t.Run(tc.args, func(t *testing.T) {
			args := strings.Fields(tc.args)
			if strings.HasSuffix(tc.args, " ") {
				args = append(args, "")
			}
			out, code, err := run(t, tc.stdin, args...)
			if code != tc.code {
				t.Errorf("exit code %d (%v), want %d", code, err, tc.code)
			}
			for _, w := range tc.want {
				if !strings.Contains(out, w) {
					t.Errorf("no %q in:\n%s", w, out)
				}
			}
			if tc.twice != "" && strings.Count(out, tc.twice) != 1 {
				t.Errorf("%q is %d times in:\n%s", tc.twice, strings.Count(out, tc.twice), out)
			}
			if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("%v, want %q", err, tc.err)
			}
			if tc.not != "" && strings.Contains(out, tc.not) {
				t.Errorf("%q is in:\n%s", tc.not, out)
			}
		})
	}
}

// TestNestedValues prints a Helm release as it is written within its Secret: JSON in gzip in base64, which Kubernetes keeps as
// bytes, and so in base64 once more.
func TestNestedValues(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(`{"name":"web","info":{"status":"deployed"}}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const key = "/registry/secrets/default/sh.helm.release.v1.web.v1"
	in := etcdctlJSON(t, key, encode(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "sh.helm.release.v1.web.v1", Namespace: "default"}, Type: "helm.sh/release.v1",
		Data: map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(packed.Bytes()))}}, "Secret"))
	out, code, err := run(t, in, "decode", "--nested", "--show-secrets")
	if code != 0 || !strings.Contains(out, "# within data.release: base64, base64, gzip, JSON\n#   info:\n#     status: deployed\n") {
		t.Errorf("%v\n%s", err, out)
	}
	var back map[string]any
	if err := yaml.Unmarshal([]byte(out), &back); err != nil || back["kind"] != "Secret" {
		t.Errorf("it is no YAML any more: %v", err)
	}
	var list []struct{ Nested []decode.Nested }
	out, _, _ = run(t, in, "decode", "--nested", "--show-secrets", "-o", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 || len(list[0].Nested) != 1 || list[0].Nested[0].Path != "data.release" {
		t.Errorf("%v\n%s", err, out)
	}
	if out, _, _ = run(t, in, "decode", "--nested"); strings.Contains(out, "deployed") || !strings.Contains(out, "is masked: --show-secrets") {
		t.Errorf("masked:\n%s", out)
	}
}

// TestWatchTellsProgress watches what is quiet: how far it is is told as etcdctl tells it, once for all prefixes, and in
// JSON as a line of its own.
func TestWatchTellsProgress(t *testing.T) {
	s := etcdtest.Start(t, func(c *embed.Config) { c.WatchProgressNotifyInterval = 100 * time.Millisecond })
	c := s.Client(t)
	t.Setenv("ETCDCTL_ENDPOINTS", s.Endpoint)
	for _, format := range []string{"table", "jsonl"} {
		want := map[string]string{"table": "progress notify: ", "jsonl": `"type":"progress"`}[format]
		ctx, cancel := context.WithCancel(t.Context())
		out := &until{text: want, then: cancel}
		if _, err := execute(ctx, etcdcmd.Deps{}, out, "watch", "/quiet/", "/silent/", "--prefix", "--progress-notify", "-o", format); err != nil {
			t.Error(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out)
		}
		cancel()
		if _, err := c.Put(t.Context(), "/other", "x"); err != nil {
			t.Fatal(err)
		}
	}
}

// until is a buffer that calls then when a text stands in it.
type until struct {
	bytes.Buffer
	text string
	then func()
}

func (u *until) Write(b []byte) (int, error) {
	n, err := u.Buffer.Write(b)
	if strings.Contains(u.String(), u.text) {
		u.then()
	}
	return n, err
}

func etcdctlJSON(t *testing.T, key string, value []byte) string {
	b, err := json.Marshal(map[string]any{"header": map[string]any{"revision": 7}, "count": 1,
		"kvs": []map[string]any{{"key": []byte(key), "value": value, "mod_revision": 5, "create_revision": 5, "version": 1}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
