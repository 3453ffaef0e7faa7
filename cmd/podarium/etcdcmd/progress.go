package etcdcmd

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/survey"
)

// terminal says whether progress can be shown: on a terminal only.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress shows how far a pass is on one line of a terminal; nil elsewhere.
func progress(w io.Writer) func(survey.Usage) {
	if !terminal(w) {
		return nil
	}
	return func(u survey.Usage) {
		fmt.Fprintf(w, "\r\x1b[K%d keys, %s …", u.Keys, etcdview.Size(u.Bytes))
	}
}

func clearProgress(w io.Writer) {
	if terminal(w) {
		fmt.Fprint(w, "\r\x1b[K")
	}
}
