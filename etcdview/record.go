package etcdview

import (
	"context"
	"time"

	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
)

// Record is a change as programs read it: as JSON, with the value's own changes decoded.
type Record struct {
	Time     time.Time `json:"time"`
	Revision int64     `json:"revision"`
	// Type is that of an Event; gap where revisions are compacted away, dropped where changes came too fast to be kept,
	// progress where the server says that there was nothing else up to Revision.
	Type string `json:"type"`
	Key  string `json:"key,omitempty"`
	// Size is that of the value in bytes; of a deletion that of the value that is gone, where it is known.
	Size     int            `json:"size"`
	Version  int64          `json:"version,omitempty"`
	Resource string         `json:"resource,omitempty"`
	StoredAs string         `json:"storedAs,omitempty"`
	Writer   *decode.Writer `json:"writer,omitempty"`
	Changes  []diff.Change  `json:"changes,omitempty"`
	Value    any            `json:"value,omitempty"`
	Error    string         `json:"error,omitempty"`
	GapFrom  int64          `json:"gapFrom,omitempty"`
	GapTo    int64          `json:"gapTo,omitempty"`
	Dropped  uint64         `json:"dropped,omitempty"`
}

// RecordOf decodes an event. The value that it also returns is nil where there is none; Record.Value is left to the
// caller.
func RecordOf(ctx context.Context, e Event, o decode.Options) (Record, *decode.Value) {
	d := Describe(ctx, e, o)
	size := len(e.KV.Value)
	if e.Type == Delete && e.Prev != nil { // what goes
		size = len(e.Prev.Value)
	}
	r := Record{Time: e.Received, Revision: e.Revision(), Type: string(e.Type), Key: Printable(e.KV.Key), Size: size,
		Version: e.KV.Version, Writer: d.Writer, Changes: d.Changes}
	if d.Err != nil {
		r.Error = d.Err.Error()
	}
	if v := d.Value; v != nil {
		if v.IsObject {
			r.Resource = v.Object.String()
		}
		if v.IsKubernetes() {
			r.StoredAs = v.StoredAs.GroupVersion().String() + " " + v.StoredAs.Kind
		}
		if v.Err != nil {
			r.Error = v.Err.Error()
		}
	}
	return r, d.Value
}

// RecordOfProgress says how far a quiet watch is.
func RecordOfProgress(revision int64, now time.Time) Record {
	return Record{Time: now, Type: "progress", Revision: revision}
}

// RecordOfGap says which revisions a watch could not see.
func RecordOfGap(g Gap, now time.Time) Record {
	return Record{Time: now, Type: "gap", Revision: g.To, GapFrom: g.From, GapTo: g.To}
}
