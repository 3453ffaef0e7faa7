package survey

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/registry"
)

// Finding is a key that something is wrong with.
type Finding struct {
	Key string `json:"key"`
	// Why says what is wrong.
	Why string `json:"why"`
}

// Check is one audit: what it looks for, and what it found.
type Check struct {
	// Name is what the findings are: undecodable values.
	Name string `json:"name"`
	// Count is of all findings; Findings lists the first of them.
	Count    int64     `json:"count"`
	Findings []Finding `json:"findings,omitempty"`
}

func (c *Check) found(key, why string) {
	c.Count++
	if len(c.Findings) < maxFindings {
		c.Findings = append(c.Findings, Finding{etcdview.Printable(key), why})
	}
}

const maxFindings = 1000

// StoredVersion counts the objects of a resource that are stored in one version and form. Only etcd can tell: the API
// converts on the way out.
type StoredVersion struct {
	Resource   string `json:"resource"`
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Form       string `json:"form"`
	Encryption string `json:"encryption,omitempty"`
	Count      int64  `json:"count"`
}

// Audit is what is wrong in a registry.
type Audit struct {
	Revision int64 `json:"revision"`
	Keys     int64 `json:"keys"`
	// Encrypted counts values that are encrypted and that no key was given for; nothing else is known of them.
	Encrypted int64 `json:"encrypted"`
	// Checks are in a fixed order.
	Checks         []*Check        `json:"checks"`
	StoredVersions []StoredVersion `json:"storedVersions"`
}

// Faults is the number of all findings.
func (a *Audit) Faults() int64 {
	var n int64
	for _, c := range a.Checks {
		n += c.Count
	}
	return n
}

// Inspect decodes every value of a registry and lists what is wrong.
func Inspect(ctx context.Context, r etcdview.Reader, o Options, d decode.Options) (*Audit, error) {
	d.Prefix = o.EtcdPrefix
	i := &inspector{
		decode:      d,
		undecodable: &Check{Name: "undecodable values"}, mismatched: &Check{Name: "keys that disagree with their metadata"},
		orphans: &Check{Name: "custom resources without a definition"}, stale: &Check{Name: "values encrypted with an old key"},
		versions: map[StoredVersion]int64{}, custom: map[schema.GroupResource]*Check{}, defined: map[string]bool{},
	}
	var seen Usage
	rev, err := r.Scan(ctx, etcdview.PageOptions{Prefix: o.Prefix, Revision: o.Revision}, func(kv etcdview.KV) error {
		i.look(ctx, kv)
		seen.add(&kv)
		if o.Progress != nil && seen.Keys%(progressEvery/10) == 0 {
			o.Progress(seen)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if o.Prefix != "" {
		if err := i.definitions(ctx, r, o, rev); err != nil {
			return nil, err
		}
	}
	return i.audit(rev, seen.Keys), nil
}

type inspector struct {
	decode                                  decode.Options
	undecodable, mismatched, orphans, stale *Check
	encrypted                               int64
	versions                                map[StoredVersion]int64
	custom                                  map[schema.GroupResource]*Check // findings, if the resource turns out to have no definition
	defined                                 map[string]bool                 // names of CustomResourceDefinitions
}

func (i *inspector) look(ctx context.Context, kv etcdview.KV) {
	v := decode.Decode(ctx, kv.Key, kv.Value, i.decode)
	if v.Form == decode.Encrypted && v.Err == nil {
		i.encrypted++
	}
	if v.Err != nil {
		i.undecodable.found(kv.Key, v.Err.Error())
	} else if v.IsObject && v.Object.Served() && !v.Object.Builtin && v.Form != decode.Encrypted && !v.IsKubernetes() {
		i.undecodable.found(kv.Key, fmt.Sprintf("a Kubernetes object was expected at this key, not %s", v.Form))
	}
	if v.Encryption != nil && v.Encryption.Stale {
		i.stale.found(kv.Key, v.Encryption.String())
	}
	if !v.IsObject {
		return
	}
	i.count(&v)
	if !v.Object.Served() {
		return
	}
	if v.Object.Resource == "customresourcedefinitions" {
		i.defined[v.Object.Name] = true
	}
	if !v.Object.Builtin {
		c := i.custom[v.Object.GroupResource]
		if c == nil {
			c = &Check{}
			i.custom[v.Object.GroupResource] = c
		}
		c.found(kv.Key, fmt.Sprintf("no CustomResourceDefinition %s", v.Object.GroupResource))
	}
	i.compare(&v)
}

// compare holds the key against the name in the value: the API server's watch cache panics where they differ.
func (i *inspector) compare(v *decode.Value) {
	m := v.Metadata()
	if m == nil {
		return
	}
	if m.Name != v.Object.Name || m.Namespace != v.Object.Namespace {
		i.mismatched.found(v.Key, fmt.Sprintf("the value says %s", strings.TrimPrefix(m.Namespace+"/"+m.Name, "/")))
	}
}

func (i *inspector) count(v *decode.Value) {
	s := StoredVersion{Resource: v.Object.GroupResource.String(), APIVersion: v.StoredAs.GroupVersion().String(), Kind: v.StoredAs.Kind, Form: string(v.Form)}
	if v.Object.Special == registry.Compaction {
		return
	}
	if e := v.Encryption; e != nil {
		s.Encryption = e.Provider + ", key " + e.KeyName
	}
	i.versions[s]++
}

// definitions looks up the CustomResourceDefinitions, for an audit of part of a registry.
func (i *inspector) definitions(ctx context.Context, r etcdview.Reader, o Options, rev int64) error {
	dir := registry.Dir(o.EtcdPrefix, schema.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"}, "")
	_, err := r.Scan(ctx, etcdview.PageOptions{Prefix: dir, Revision: rev, KeysOnly: true}, func(kv etcdview.KV) error {
		i.defined[strings.TrimPrefix(kv.Key, dir)] = true
		return nil
	})
	return err
}

func (i *inspector) audit(rev, keys int64) *Audit {
	for _, gr := range slices.SortedFunc(maps.Keys(i.custom), func(a, b schema.GroupResource) int { return cmp.Compare(a.String(), b.String()) }) {
		if !i.defined[gr.String()] {
			i.orphans.Count += i.custom[gr].Count
			i.orphans.Findings = append(i.orphans.Findings, i.custom[gr].Findings...)
		}
	}
	a := &Audit{Revision: rev, Keys: keys, Encrypted: i.encrypted, Checks: []*Check{i.undecodable, i.mismatched, i.orphans, i.stale}}
	for s, n := range i.versions {
		s.Count = n
		a.StoredVersions = append(a.StoredVersions, s)
	}
	slices.SortFunc(a.StoredVersions, func(x, y StoredVersion) int {
		return cmp.Or(cmp.Compare(x.Resource, y.Resource), cmp.Compare(x.APIVersion, y.APIVersion), cmp.Compare(x.Form, y.Form), cmp.Compare(x.Encryption, y.Encryption))
	})
	return a
}
