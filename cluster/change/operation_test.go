package change

import (
	"context"
	"errors"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
)

func TestOperation(t *testing.T) {
	c, err := cluster.New(cluster.Options{Config: &rest.Config{Host: "https://127.0.0.1:1"}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	on := true
	var power func(to bool) Operation
	power = func(to bool) Operation {
		word := map[bool]string{true: "on", false: "off"}[to]
		return Operation{
			Verb: "switch " + word, Summary: "switch it " + word, Command: "podarium node " + word + " it",
			Do:   func(context.Context) error { on = to; return nil },
			Back: func() Operation { return power(!to) },
		}
	}
	door := NewDoor(c)
	off := Operate(power(false))
	if _, err := door.Apply(t.Context(), off); !errors.Is(err, ErrReadOnly) || !on {
		t.Fatalf("on a read-only cluster: %v, on %t", err, on)
	}
	if err := c.SetReadOnly(false); err != nil {
		t.Fatal(err)
	}
	r, err := door.Apply(t.Context(), off)
	if err != nil || on {
		t.Fatalf("%v, on %t", err, on)
	}
	if got := off.Script(); got != "podarium node off it\n" {
		t.Errorf("as a script it is %q", got)
	}
	back, err := door.Undo(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if back.Summary != "undo: switch it off" || back.Verb != "switch on" {
		t.Errorf("the way back is %q, %q", back.Verb, back.Summary)
	}
	if _, err := door.Apply(t.Context(), back); err != nil || !on {
		t.Errorf("%v, on %t", err, on)
	}
	if got := door.Records(); got[0].UndoneBy != 2 {
		t.Errorf("the records are %+v", got)
	}

	failed := Operate(Operation{Summary: "burn it", Do: func(context.Context) error { return errors.New("it is wet") }})
	if _, err := door.Apply(t.Context(), failed); err == nil || !strings.Contains(err.Error(), "burn it: it is wet") || len(door.Records()) != 2 {
		t.Errorf("what fails: %v, %d records", err, len(door.Records()))
	}
	gone, err := door.Apply(t.Context(), Operate(Operation{Summary: "burn it", Do: func(context.Context) error { return nil }}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := door.Undo(t.Context(), gone); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("what has no way back: %v", err)
	}
}
