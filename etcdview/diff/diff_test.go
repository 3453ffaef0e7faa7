package diff

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

func tree(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTrees(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		want []string
	}{
		"equal":                 {`{"a":[1,{"b":null}]}`, `{"a":[1,{"b":null}]}`, nil},
		"scalar":                {`{"spec":{"replicas":3}}`, `{"spec":{"replicas":5}}`, []string{"spec.replicas: 3 → 5"}},
		"added and removed":     {`{"a":1}`, `{"b":{"c":2}}`, []string{`- a: 1`, `+ b: {"c":2}`}},
		"named elements":        {`{"c":[{"name":"x","v":1},{"name":"y","v":1}]}`, `{"c":[{"name":"z","v":1},{"name":"y","v":2}]}`, []string{`- c[x]: {"name":"x","v":1}`, `c[y].v: 1 → 2`, `+ c[z]: {"name":"z","v":1}`}},
		"order":                 {`{"c":[{"name":"x"},{"name":"y"}]}`, `{"c":[{"name":"y"},{"name":"x"}]}`, []string{"c (order): x, y → y, x"}},
		"conditions by type":    {`{"c":[{"type":"Ready","status":"False"}]}`, `{"c":[{"type":"Other","status":"True"},{"type":"Ready","status":"True"}]}`, []string{"c[Ready].status: False → True", `+ c[Other]: {"status":"True","type":"Other"}`}},
		"scalars in the middle": {`{"a":[1,2,3,4]}`, `{"a":[1,9,3,4]}`, []string{"a[1]: 2 → 9"}},
		"scalar inserted":       {`{"a":["x","z"]}`, `{"a":["x","y","z"]}`, []string{"+ a[1]: y"}},
		"label keys":            {`{"l":{"a.b/c":"1"}}`, `{"l":{"a.b/c":"2"}}`, []string{"l[a.b/c]: 1 → 2"}},
		"another type":          {`{"a":[1]}`, `{"a":{"b":1}}`, []string{`a: [1] → {"b":1}`}},
		"whole values":          {`1`, `"one"`, []string{"(value): 1 → one"}},
		"managed fields folded": {`{"metadata":{"managedFields":[{"manager":"a"}]}}`, `{"metadata":{"managedFields":[{"manager":"b"}]}}`, []string{"metadata.managedFields changed"}},
		"managed fields added":  {`{"metadata":{}}`, `{"metadata":{"managedFields":[]}}`, []string{"metadata.managedFields changed"}},
		"large numbers":         {`{"n":9007199254740993}`, `{"n":9007199254740992}`, []string{"n: 9007199254740993 → 9007199254740992"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, ch := range Trees(tree(t, c.a), tree(t, c.b), Options{}) {
				got = append(got, ch.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	all := Trees(tree(t, `{"metadata":{"managedFields":[{"manager":"a"}]}}`), tree(t, `{"metadata":{"managedFields":[{"manager":"b"}]}}`), Options{ManagedFields: true})
	if len(all) != 2 || all[0].Folded {
		t.Errorf("managedFields asked for: %v", all)
	}
}

func FuzzTrees(f *testing.F) {
	f.Add([]byte(`{"a":[{"name":"x"}]}`), []byte(`{"a":[{"name":"y"},1]}`))
	f.Add([]byte(`[]`), []byte(`null`))
	f.Fuzz(func(t *testing.T, x, y []byte) {
		var a, b any
		if json.Unmarshal(x, &a) != nil || json.Unmarshal(y, &b) != nil {
			return
		}
		for _, o := range []Options{{}, {ManagedFields: true}} {
			if same := Trees(a, a, o); len(same) != 0 {
				t.Errorf("a value differs from itself: %v", same)
			}
			there, back := Trees(a, b, o), Trees(b, a, o)
			if (len(there) == 0) != equal(a, b) || len(there) == 0 != (len(back) == 0) {
				t.Errorf("%v one way, %v the other", there, back)
			}
			for _, c := range there {
				_ = c.String()
			}
		}
	})
}
