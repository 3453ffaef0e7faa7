package etcdview

import (
	"context"

	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
)

// Description is an Event with its values decoded.
type Description struct {
	// Value is the value after the change; for a Delete the last one before it, nil where that is not known.
	Value *decode.Value
	// Changes are the fields that differ. Empty for a Create and a Delete, and where the old value is not known.
	Changes []diff.Change
	// Writer is who wrote it, nil where the value does not tell.
	Writer *decode.Writer
	// Err says why the values could not be compared.
	Err error
}

// Describe decodes an event and compares its values. It costs some 100 µs for a Pod, so call it for what is shown.
func Describe(ctx context.Context, e Event, o decode.Options) Description {
	var old, now *decode.Value
	if e.Prev != nil {
		v := decode.Decode(ctx, e.Prev.Key, e.Prev.Value, o)
		old = &v
	}
	if e.Type == Delete {
		return Description{Value: old}
	}
	v := decode.Decode(ctx, e.KV.Key, e.KV.Value, o)
	now = &v
	d := Description{Value: now}
	if w, ok := decode.WriterOf(now, old); ok {
		d.Writer = &w
	}
	if old != nil {
		d.Changes, d.Err = Compare(*old, *now, diff.Options{})
	}
	return d
}

// Compare lists what turns one decoded value into another. Where a masked Secret differs only in what is masked, the
// change says so without showing it.
func Compare(a, b decode.Value, o diff.Options) ([]diff.Change, error) {
	at, err := a.Tree()
	if err != nil {
		return nil, err
	}
	bt, err := b.Tree()
	if err != nil {
		return nil, err
	}
	changes := diff.Trees(at, bt, o)
	if a.Masked() || b.Masked() {
		changes = append(changes, maskedChanges(a, b, changes)...)
	}
	return changes, nil
}

// maskedChanges finds changes that masking hides: contents of the same length.
func maskedChanges(a, b decode.Value, shown []diff.Change) []diff.Change {
	if string(a.Plain()) == string(b.Plain()) {
		return nil
	}
	seen := map[string]bool{}
	for _, c := range shown {
		seen[c.Path] = true
	}
	at, err := a.Unmasked()
	if err != nil {
		return nil
	}
	bt, err := b.Unmasked()
	if err != nil {
		return nil
	}
	var hidden []diff.Change
	for _, c := range diff.Trees(at, bt, diff.Options{}) {
		if !seen[c.Path] {
			hidden = append(hidden, diff.Change{Path: c.Path, Op: diff.Changed, Old: "<masked>", New: "<masked, changed>"})
		}
	}
	return hidden
}
