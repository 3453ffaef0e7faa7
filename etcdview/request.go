package etcdview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

// ErrNoAnswer is returned when etcd has not answered within the store's timeout. Whether a write was done is then not
// known.
var ErrNoAnswer = errors.New("etcd does not answer")

// WithTimeout bounds every request by a time, and every scan by a time without news, for callers whose contexts have
// none. Watches are not bounded: they go on when the connection is back.
func (s *Store) WithTimeout(d time.Duration) *Store {
	s.timeout = d
	return s
}

// Request makes one request within the store's timeout, and tells a server that does not answer from other failures.
func (s *Store) Request(ctx context.Context, do func(context.Context) error) error {
	if s.timeout <= 0 {
		return do(ctx)
	}
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := do(bounded)
	if err != nil && ctx.Err() == nil && (bounded.Err() != nil || s.lost(err)) {
		return s.noAnswer()
	}
	return err
}

// lost says that a request failed for want of a connection.
func (s *Store) lost(err error) bool {
	return s.timeout > 0 && status.Code(err) == codes.Unavailable && s.client.ActiveConnection().GetState() != connectivity.Ready
}

func (s *Store) noAnswer() error {
	if s.client.ActiveConnection().GetState() != connectivity.Ready {
		return fmt.Errorf("%w: the connection to it is lost", ErrNoAnswer)
	}
	return fmt.Errorf("%w within %s: its members may have lost their quorum, or be slow", ErrNoAnswer, s.timeout)
}

// watchdog ends a context when it is neither fed nor stopped for the store's timeout.
type watchdog struct {
	s     *Store
	timer *time.Timer
}

func (s *Store) guard(cancel context.CancelCauseFunc) *watchdog {
	w := &watchdog{s: s}
	if s.timeout > 0 {
		w.timer = time.AfterFunc(s.timeout, func() { cancel(s.noAnswer()) })
	}
	return w
}

func (w *watchdog) feed() {
	if w.timer != nil {
		w.timer.Reset(w.s.timeout)
	}
}

func (w *watchdog) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}
