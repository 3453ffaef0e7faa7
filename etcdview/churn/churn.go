// Package churn counts the writes that a watch reports, by resource, namespace, key and writer: who keeps an etcd busy,
// and with what.
//
// It keeps the counts of every key that was written since it began, so its memory grows with their number. Who wrote a
// value is in the value (managedFields), so each is decoded, up to a limit for each second: Counts.Sampled says where
// there were more.
package churn

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/registry"
)

// Row is what was written of one thing.
type Row struct {
	Name string `json:"name"`
	// Writes counts puts and deletions, Bytes the values that were put.
	Writes int64 `json:"writes"`
	Bytes  int64 `json:"bytes"`
	// PerSecond is the mean since the counter began.
	PerSecond float64 `json:"perSecond"`
}

// Counts is what was written since the counter began. Lists are sorted, the most often written first.
type Counts struct {
	Seconds    float64 `json:"seconds"`
	Total      Row     `json:"total"`
	Resources  []Row   `json:"resources"`
	Namespaces []Row   `json:"namespaces"`
	Keys       []Row   `json:"keys"`
	Writers    []Row   `json:"writers"`
	// Sampled says that not all values were decoded for their writers, since too many came.
	Sampled bool `json:"sampled,omitempty"`
}

// decodesPerSecond bounds what finding the writers costs: some milliseconds of each second.
const decodesPerSecond = 500

// Counter counts. It is safe for use by several goroutines.
type Counter struct {
	// Prefix is the API server's --etcd-prefix; empty means any in common use.
	Prefix string

	mu      sync.Mutex
	began   time.Time
	total   Row
	tables  [4]map[string]*Row // resources, namespaces, keys, writers
	second  int64
	decoded int
	sampled bool
}

// New begins to count now.
func New(prefix string) *Counter {
	c := &Counter{Prefix: prefix, began: time.Now()}
	for i := range c.tables {
		c.tables[i] = map[string]*Row{}
	}
	return c
}

// Add counts a change.
func (c *Counter) Add(ctx context.Context, e etcdview.Event) {
	resource, namespace := "", ""
	if o, ok := registry.Parse(c.Prefix, e.KV.Key); ok {
		resource, namespace = o.GroupResource.String(), o.Namespace
	}
	bytes := int64(len(e.KV.Value))
	c.mu.Lock()
	c.total.add(bytes)
	for i, name := range []string{resource, namespace, etcdview.Printable(e.KV.Key)} {
		c.count(i, name, bytes)
	}
	if now := e.Received.Unix(); now != c.second {
		c.second, c.decoded = now, 0
	}
	look := c.decoded < decodesPerSecond
	c.decoded++
	c.sampled = c.sampled || !look
	c.mu.Unlock()
	if !look || resource == "" || e.Type == etcdview.Delete {
		return
	}
	if w := writer(ctx, e); w != "" {
		c.mu.Lock()
		c.count(3, w, bytes)
		c.mu.Unlock()
	}
}

func (c *Counter) count(table int, name string, bytes int64) {
	if name == "" {
		return
	}
	r := c.tables[table][name]
	if r == nil {
		r = &Row{Name: name}
		c.tables[table][name] = r
	}
	r.add(bytes)
}

func (r *Row) add(bytes int64) { r.Writes, r.Bytes = r.Writes+1, r.Bytes+bytes }

// writer is the field manager of a change.
func writer(ctx context.Context, e etcdview.Event) string {
	var old *decode.Value
	if e.Prev != nil {
		v := decode.Decode(ctx, e.Prev.Key, e.Prev.Value, decode.Options{})
		old = &v
	}
	v := decode.Decode(ctx, e.KV.Key, e.KV.Value, decode.Options{})
	w, _ := decode.WriterOf(&v, old)
	return w.Manager
}

// Counts sums up, with at most so many rows in each list, 0 for all.
func (c *Counter) Counts(top int) Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := Counts{Seconds: time.Since(c.began).Seconds(), Total: c.total, Sampled: c.sampled}
	out.Total.Name = "total"
	out.Total.PerSecond = float64(c.total.Writes) / out.Seconds
	for i, list := range []*[]Row{&out.Resources, &out.Namespaces, &out.Keys, &out.Writers} {
		*list = make([]Row, 0, len(c.tables[i]))
		for _, r := range c.tables[i] {
			row := *r
			row.PerSecond = float64(r.Writes) / out.Seconds
			*list = append(*list, row)
		}
		slices.SortFunc(*list, func(a, b Row) int {
			return cmp.Or(cmp.Compare(b.Writes, a.Writes), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Name, b.Name))
		})
		if top > 0 && len(*list) > top {
			*list = (*list)[:top:top]
		}
	}
	return out
}
