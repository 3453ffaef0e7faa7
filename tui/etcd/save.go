package etcd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
)

// saver writes what a feed brings to a file, as lines of JSON, on a goroutine of its own: all of it, whether the screen
// is paused or filtered. What came too fast to be kept is named in the file.
type saver struct {
	file  string
	ready chan struct{}
	lines atomic.Int64

	failed chan struct{}
	err    error // set before failed is sent on
}

// String says how it goes.
func (s *saver) String() string {
	return grid.Thousands(s.lines.Load()) + " saved to " + filepath.Base(s.file)
}

// wake says that the feed has something new.
func (s *saver) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// askFile asks for a file and begins to save, or ends it.
func (v *changesView) askFile() {
	if v.save != nil {
		v.scope.Say(screen.Idle, v.save.String()+"; it goes on until this screen is closed")
		return
	}
	v.scope.Ask(dialog.NewForm(v.scope, dialog.Form{
		Title: "Save", Accept: "Save", Note: "Every change of these prefixes is appended to the file, as lines of JSON, until this screen is closed: those that are kept here first, filtered or not. Secrets stay masked.",
		Fields: []dialog.Field{{Label: "file", Value: "etcd-changes-" + v.scope.Now().Format("20060102T150405") + ".jsonl", Check: func(s string) error {
			if s == "" {
				return errors.New("give a file")
			}
			return nil
		}}},
		Then: func(values []string) { v.saveTo(values[0]) },
	}))
}

func (v *changesView) saveTo(file string) {
	s := &saver{file: file, ready: make(chan struct{}, 1), failed: make(chan struct{}, 1)}
	v.save = s
	s.wake()
	feed, o := v.feed, v.pane.decode
	o.ShowSecrets = false
	ctx := v.scope.Context()
	go func() { // no Call, which would be shown as under way, and end with esc
		s.err = s.run(ctx, feed, o)
		s.failed <- struct{}{}
	}()
	v.scope.Live(s.failed, func() {
		v.save = nil
		if s.err != nil {
			v.scope.Fail(s.err)
		}
	})
}

func (s *saver) run(ctx context.Context, feed *etcdview.Feed, o decode.Options) (err error) {
	f, err := os.OpenFile(s.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("save changes: %w", err)
	}
	out := bufio.NewWriter(f)
	defer func() { err = errors.Join(err, out.Flush(), f.Close()) }()
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for seq := uint64(0); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-s.ready:
		}
		entries, state := feed.Since(seq)
		if lost := state.Seen - seq - uint64(len(entries)); lost > 0 {
			if err := lines.Encode(etcdview.Record{Time: time.Now(), Type: "dropped", Dropped: lost}); err != nil {
				return fmt.Errorf("save changes: %w", err)
			}
		}
		seq = state.Seen
		for _, e := range entries {
			var r etcdview.Record
			if e.Gap != nil {
				r = etcdview.RecordOfGap(*e.Gap, time.Now())
			} else {
				r, _ = etcdview.RecordOf(ctx, e.Event, o)
			}
			if err := lines.Encode(r); err != nil {
				return fmt.Errorf("save changes: %w", err)
			}
			s.lines.Add(1)
		}
		if err := out.Flush(); err != nil {
			return fmt.Errorf("save changes: %w", err)
		}
	}
}
