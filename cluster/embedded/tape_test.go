package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestTapeIsFollowedFromItsBeginning(t *testing.T) {
	var tp tape
	fmt.Fprintln(&tp, "one")
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- tp.copyTo(ctx, w) }()
	read := func(want string) {
		t.Helper()
		b := make([]byte, len(want))
		if _, err := io.ReadFull(r, b); err != nil || string(b) != want {
			t.Fatalf("read %q, %v; want %q", b, err, want)
		}
	}
	read("one\n")
	fmt.Fprintln(&tp, "two")
	read("two\n")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func TestTapeIsBoundedAndSaysWhatIsMissing(t *testing.T) {
	var tp tape
	line := strings.Repeat("x", 99) + "\n"
	for range 3 * tapeSize / len(line) {
		fmt.Fprint(&tp, line)
	}
	if n := len(tp.kept); n > tapeSize {
		t.Errorf("%d bytes are kept", n)
	}
	var b strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = tp.copyTo(ctx, &b)
	first, rest, _ := strings.Cut(b.String(), "\n")
	if !strings.Contains(first, "bytes of the log before this") || !strings.HasPrefix(rest, line) || strings.Count(rest, "\n")*len(line) != len(rest) {
		t.Errorf("it begins with %q and then %q", first, rest[:min(len(rest), 120)])
	}
}
