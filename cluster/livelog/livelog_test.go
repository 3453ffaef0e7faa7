package livelog

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestReadLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	input := "2026-01-01T00:00:00.5Z hello\r\n" +
		"2026-01-01T00:00:01+02:00 \n" +
		"failed to open log file\n" +
		"\n" +
		"2026-01-01T00:00:02Z " + long + "\n" +
		"2026-01-01T00:00:03Z no end"
	var got []string
	err := readLines(strings.NewReader(input), func(n int64, text []byte) {
		at := "none"
		if n != noTime {
			at = time.Unix(0, n).UTC().Format(time.RFC3339Nano)
		}
		got = append(got, fmt.Sprintf("%s %d %.12s", at, len(text), text))
	})
	want := []string{
		"2026-01-01T00:00:00.5Z 5 hello",
		"2025-12-31T22:00:01Z 0 ",
		"none 23 failed to op",
		"none 0 ",
		fmt.Sprintf("2026-01-01T00:00:02Z %d xxxxxxxxxxxx", maxLine-21),
		"none 21 xxxxxxxxxxxx",
		"2026-01-01T00:00:03Z 6 no end",
	}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("err %v, got\n%s", err, strings.Join(got, "\n"))
	}
	var node nodeError
	if err := readLines(strings.NewReader("2026-01-01T00:00:00Z a\nrpc error: gone"), func(_ int64, text []byte) {
		if string(text) != "a" {
			t.Errorf("line %q", text)
		}
	}); !errors.As(err, &node) || node != "rpc error: gone" {
		t.Errorf("got %v", err)
	}
	broken := io.MultiReader(strings.NewReader("2026-01-01T00:00:00Z a\n"), errReader{})
	if err := readLines(broken, func(int64, []byte) {}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestResumeNeitherRepeatsNorLoses takes a log up again after each of its lines.
func TestResumeNeitherRepeatsNorLoses(t *testing.T) {
	log := []int64{5, 5, 5, 7, 8, 8, 9, noTime, 9, 12}
	for cut := range len(log) + 1 {
		var seen []int64
		r := newResume(position{})
		for _, n := range log[:cut] {
			if r.isNew(n) {
				seen = append(seen, n)
			}
		}
		r = newResume(r.position)
		for _, n := range log {
			if r.isNew(n) && n != noTime {
				seen = append(seen, n)
			}
		}
		var want []int64
		for i, n := range log {
			if n != noTime || i < cut {
				want = append(want, n)
			}
		}
		if fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("cut at %d: %v, want %v", cut, seen, want)
		}
	}
}

func TestRingIsBoundedAndCounts(t *testing.T) {
	r := ring{limit: 1 << 20}
	source := &Source{Pod: "p"}
	var early *Snapshot
	const n = 100_000
	for i := range n {
		r.append(0, int64(i), fmt.Appendf(nil, "line %d", i))
		if i == 1500 {
			early = &Snapshot{sources: []*Source{source}}
			r.freeze(early)
		}
	}
	s := &Snapshot{sources: []*Source{source}}
	r.freeze(s)
	if r.size > r.limit || s.Dropped == 0 || int(s.Dropped)+s.Len() != n {
		t.Fatalf("size %d, dropped %d, kept %d", r.size, s.Dropped, s.Len())
	}
	for _, i := range []int{0, 1, pageLines - 1, pageLines, s.Len() - 1} {
		want := int(s.Dropped) + i
		if l := s.Line(i); string(l.Text) != fmt.Sprintf("line %d", want) || l.Time.UnixNano() != int64(want) || l.Source != source {
			t.Errorf("line %d: %q at %v", i, l.Text, l.Time)
		}
	}
	if early.Len() != 1501 || string(early.Line(0).Text) != "line 0" || string(early.Line(1500).Text) != "line 1500" {
		t.Errorf("an early snapshot must stay: %d lines", early.Len())
	}
	r.append(0, noTime, []byte(strings.Repeat("y", 3*pageText)))
	last := &Snapshot{sources: []*Source{source}}
	r.freeze(last)
	if l := last.Line(last.Len() - 1); len(l.Text) != 3*pageText || !l.Time.IsZero() {
		t.Errorf("a line larger than a page: %d bytes", len(l.Text))
	}
}

func TestMergeSortsByTime(t *testing.T) {
	rings := make([]ring, 3)
	for i := range 3000 {
		rings[i*7%3].limit = 1 << 30
		rings[i*7%3].append(uint32(i*7%3), int64(i), []byte{byte(i)})
	}
	var got []int64
	merge(rings, func(e entry, text []byte) {
		if text[0] != byte(e.nanos) {
			t.Fatalf("line %d has another's text", e.nanos)
		}
		got = append(got, e.nanos)
	})
	if len(got) != 3000 {
		t.Fatalf("%d lines", len(got))
	}
	for i, n := range got {
		if n != int64(i) {
			t.Fatalf("at %d: %d", i, n)
		}
	}
}

func TestSelectorOf(t *testing.T) {
	for spec, want := range map[string]string{
		"matchLabels":      "a=b",
		"matchExpressions": "a in (b,c)",
		"plain":            "a=b",
	} {
		selector := map[string]any{
			"matchLabels":      map[string]any{"matchLabels": map[string]any{"a": "b"}},
			"matchExpressions": map[string]any{"matchExpressions": []any{map[string]any{"key": "a", "operator": "In", "values": []any{"b", "c"}}}},
			"plain":            map[string]any{"a": "b"},
		}[spec]
		o := &unstructured.Unstructured{Object: map[string]any{"kind": "X", "spec": map[string]any{"selector": selector}}}
		if got, err := selectorOf(o); err != nil || got != want {
			t.Errorf("%s: %q %v", spec, got, err)
		}
	}
	if _, err := selectorOf(&unstructured.Unstructured{Object: map[string]any{"kind": "ConfigMap"}}); err == nil {
		t.Error("a ConfigMap has no Pods")
	}
}

// BenchmarkLines is what a line costs from the connection to the ring.
func BenchmarkLines(b *testing.B) {
	line := "2026-01-01T00:00:00.123456789Z " + strings.Repeat("x", 100) + "\n"
	input := strings.Repeat(line, 1000)
	r := ring{limit: DefaultMaxBytes}
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		p := newResume(position{})
		if err := readLines(strings.NewReader(input), func(n int64, text []byte) {
			if p.isNew(n) {
				r.append(0, n, text)
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/line")
}
