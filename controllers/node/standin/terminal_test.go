package standin

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
)

// TestTerminal types at a shell that was begun by a script, as UIs begin one.
func TestTerminal(t *testing.T) {
	e, subnet := newEngine(t)
	p, _ := start(t, e, subnet, containers.Spec{Args: []string{"sleep", "3600"}})
	in, keyboard := io.Pipe()
	out := &syncBuffer{}
	resize := make(chan containers.Size, 1)
	resize <- containers.Size{Width: 60, Height: 20}
	code := make(chan int, 1)
	go func() {
		c, err := p.Exec(t.Context(), containers.Exec{
			Command: []string{"sh", "-c", "export NAME=box; command -v bash >/dev/null && exec bash || exec sh"},
			Stdin:   in, Stdout: out, TTY: true, Resize: resize,
		})
		if err != nil {
			t.Error(err)
		}
		code <- c
	}()
	wait := func(what string) {
		t.Helper()
		for limit := time.Now().Add(time.Minute); !strings.Contains(out.String(), what); time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("waited for %q; the terminal has %q", what, out.String())
			}
		}
	}
	key := func(text string) {
		t.Helper()
		if _, err := io.WriteString(keyboard, text); err != nil {
			t.Fatal(err)
		}
	}
	wait("pod:/# ")
	key("echo $NAME-1\r")
	wait("\r\nbox-1\r\n")
	key("echo begun; sleep 3600\r")
	wait("\r\nbegun\r\n")
	key("\x03") // ends the command, not the shell
	wait("^C\r\n")
	key("echo code $?\r")
	wait("\r\ncode 130\r\n")
	key("thrown away\x03echo kept\r")
	wait("\r\nkept\r\n")
	key("sh\rexit 4\r")
	key("echo inner $?\r")
	wait("\r\ninner 4\r\n")
	if strings.Contains(out.String(), "away: not found") {
		t.Errorf("a line that was cleared was run: %q", out.String())
	}
	key("exit 7\r")
	if c := <-code; c != 7 {
		t.Errorf("code %d, want 7", c)
	}
}
