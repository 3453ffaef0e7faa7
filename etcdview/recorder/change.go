package recorder

import (
	"encoding/binary"
	"time"

	"github.com/podarium/podarium/etcdview"
)

// change is one record: a state of a key, or a gap. An empty gap says how far the recording goes.
type change struct {
	time    time.Time
	kv      etcdview.KV
	deleted bool
	gap     *etcdview.Gap
}

// rev is the revision up to which this record brings the recording.
func (c *change) rev() int64 {
	if c.gap != nil {
		return c.gap.To - 1
	}
	return c.kv.ModRevision
}

// Kinds of records.
const (
	kindValue   = 1
	kindDeleted = 2
	kindGap     = 3
)

// encode writes the kind, seven numbers, the key with its length, and the value.
func (c *change) encode() []byte {
	kind, numbers := byte(kindValue), []int64{c.time.UnixMilli(), c.kv.ModRevision, c.kv.CreateRevision, c.kv.Version, c.kv.Lease}
	switch {
	case c.gap != nil:
		kind, numbers = kindGap, []int64{c.time.UnixMilli(), c.gap.From, c.gap.To, 0, 0}
	case c.deleted:
		kind = kindDeleted
	}
	b := append(make([]byte, 0, 64+len(c.kv.Key)+len(c.kv.Value)), kind)
	for _, n := range numbers {
		b = binary.AppendVarint(b, n)
	}
	b = binary.AppendUvarint(b, uint64(len(c.kv.Key)))
	b = append(b, c.kv.Key...)
	return append(b, c.kv.Value...)
}

func decodeChange(b []byte) (*change, bool) {
	if len(b) == 0 {
		return nil, false
	}
	kind, b := b[0], b[1:]
	var n [5]int64
	for i := range n {
		x, size := binary.Varint(b)
		if size <= 0 {
			return nil, false
		}
		n[i], b = x, b[size:]
	}
	length, size := binary.Uvarint(b)
	if size <= 0 || length > uint64(len(b)-size) {
		return nil, false
	}
	b = b[size:]
	c := &change{time: time.UnixMilli(n[0])}
	switch kind {
	case kindGap:
		c.gap = &etcdview.Gap{From: n[1], To: n[2]}
	case kindValue, kindDeleted:
		c.deleted = kind == kindDeleted
		c.kv = etcdview.KV{Key: string(b[:length]), Value: b[length:], ModRevision: n[1], CreateRevision: n[2], Version: n[3], Lease: n[4]}
	default:
		return nil, false
	}
	return c, true
}
