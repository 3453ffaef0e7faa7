package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// text is what a follower has written so far.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(b)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come to pass: %s", what)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestFollow(t *testing.T) {
	e := &stage{}
	r := newRuntime(t, e)
	sandbox, sc := sandboxOf(t, r, "web")
	id, err := containerIn(t, r, sandbox, sc, "nginx")
	if err != nil {
		t.Fatal(err)
	}
	p := e.started[0]
	fmt.Fprint(p.spec.Stdout, "one\ntwo\n")
	between := time.Now()
	fmt.Fprint(p.spec.Stderr, "oops\n")

	var all sync.WaitGroup
	follow := func(o corev1.PodLogOptions) (out, errs *text) {
		out, errs = &text{}, &text{}
		all.Go(func() {
			if err := r.Follow(t.Context(), "shop", "web", "c", &o, out, errs); err != nil {
				t.Errorf("%+v: %v", o, err)
			}
		})
		return out, errs
	}
	whole, oops := follow(corev1.PodLogOptions{})
	tail, _ := follow(corev1.PodLogOptions{TailLines: ptr(int64(2))})
	none, _ := follow(corev1.PodLogOptions{TailLines: ptr(int64(0))})
	since, _ := follow(corev1.PodLogOptions{SinceTime: &metav1.Time{Time: between}})
	short, _ := follow(corev1.PodLogOptions{LimitBytes: ptr(int64(6))})
	stamped, _ := follow(corev1.PodLogOptions{Timestamps: true})
	await(t, "they have read what there was", func() bool {
		return whole.String() == "one\ntwo\n" && tail.String() == "two\n" && short.String() == "one\ntw" && oops.String() == "oops\n" && strings.Count(stamped.String(), "\n") == 2
	})
	// The kubelet puts the file away when it is large.
	log := stateOf(t, r, id).LogPath
	fmt.Fprintln(p.spec.Stdout, "last of the old")
	if err := os.Rename(log, log+".old"); err != nil {
		t.Fatal(err)
	}
	if err := r.ReopenContainerLog(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(p.spec.Stdout, "new")
	await(t, "the new file is read", func() bool { return whole.String() == "one\ntwo\nlast of the old\nnew\n" })
	// More of them than there are inotify instances for a user.
	var many []*text
	for range 300 {
		out, _ := follow(corev1.PodLogOptions{TailLines: ptr(int64(0))})
		many = append(many, out)
	}
	fmt.Fprint(p.spec.Stdout, strings.Repeat("x", maxLine+1)+"\nunfinished")
	p.end(Exit{})
	all.Wait()
	end := "new\n" + strings.Repeat("x", maxLine+1) + "\nunfinished\n"
	for what, out := range map[string]*text{"whole": whole, "tail": tail, "none": none, "since": since} {
		if !strings.HasSuffix(out.String(), end) {
			t.Errorf("%s ends with %d bytes, want %d", what, len(out.String()), len(end))
		}
	}
	if s := stamped.String(); !strings.Contains(s, "Z last of the old\n") || strings.Count(s, "Z x") != 1 {
		t.Errorf("with time stamps: %.200s", s)
	}
	for _, out := range many {
		if !strings.HasSuffix(out.String(), "unfinished\n") && out.String() != "" { // it may have come after the end
			t.Errorf("one of many ends with %.100q", out.String())
		}
	}
	if err := r.Follow(t.Context(), "shop", "other", "c", &corev1.PodLogOptions{}, whole, nil); !errors.Is(err, ErrOtherRuntime) {
		t.Errorf("a Pod of another runtime: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Follow(ctx, "shop", "web", "c", &corev1.PodLogOptions{}, &text{}, nil); err != nil {
		t.Errorf("who has gone: %v", err)
	}
}
