package change

import (
	"context"
	"fmt"

	"github.com/podarium/podarium/cluster"
)

// Operation is a change that no write to the API makes: a node that is switched off. It goes through the door like any
// other, previewed, refused where the cluster is read-only, and recorded.
type Operation struct {
	// Verb is what the preview's button says: "switch off".
	Verb string
	// Summary and Command are a Plan's; Command is one of podarium's own.
	Summary, Command string
	Ref              Ref
	// Warnings and Effects are a Plan's.
	Warnings, Effects []string
	// Do does it.
	Do func(context.Context) error
	// Back is the operation that takes it back; nil where there is none.
	Back func() Operation
}

// Operate plans an operation.
func Operate(o Operation) *Plan {
	return &Plan{
		Verb: o.Verb, Summary: o.Summary, Command: o.Command, Ref: o.Ref, Warnings: o.Warnings, Effects: o.Effects,
		request: request{operation: &o},
	}
}

// operate is where an operation leaves, see send.
func operate(ctx context.Context, c *cluster.Cluster, o *Operation) error {
	if c.ReadOnly() {
		return ErrReadOnly
	}
	return o.Do(ctx)
}

// back plans the way back from an operation.
func (o *Operation) back() (*Plan, error) {
	if o.Back == nil {
		return nil, fmt.Errorf("%s: %w", o.Summary, ErrCannotUndo)
	}
	return Operate(o.Back()), nil
}
