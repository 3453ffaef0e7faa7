package screen

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// Failure is an error as a state. That the cluster cannot be reached is said in words that fit on a line; every other
// error as it stands.
func Failure(err error) State { return State{Health: Bad, Text: Reason(err)} }

// Reason is why something failed, for people.
func Reason(err error) string {
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case !errors.As(err, &op):
		return err.Error()
	case errors.Is(op, syscall.ECONNREFUSED), errors.Is(op, os.ErrNotExist):
		return "no answer: is the cluster running?"
	case op.Timeout():
		return "no answer in time"
	}
	inner := op.Err
	for errors.Unwrap(inner) != nil {
		inner = errors.Unwrap(inner)
	}
	return "no answer: " + inner.Error()
}
