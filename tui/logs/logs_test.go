package logs

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/livelog"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
	"github.com/podarium/podarium/tui/session"
)

var sources = []*livelog.Source{
	{Namespace: "shop", Pod: "web-6f9-x2k1", Container: "nginx"}, {Namespace: "shop", Pod: "web-6f9-8s7d", Container: "nginx"}, {Namespace: "shop", Pod: "web-77c-1b2c", Container: "nginx"},
}

// made is a log of n lines.
func made(n int) *livelog.Snapshot {
	lines := make([]livelog.Line, n)
	for i := range lines {
		text := fmt.Sprintf(`10.244.0.%d - - [23/Nov/2026:12:00:00 +0000] "GET /item/%d HTTP/1.1" 200 612 "-" "curl/8.5"`, i%250, i)
		switch i % 7 {
		case 3:
			text = fmt.Sprintf(`{"time":"2026-11-23T12:00:00Z","level":"warn","msg":"slow answer","path":"/item/%d","took":1.5,"tags":["a","b"]}`, i)
		case 5:
			text = fmt.Sprintf("ERROR request %d failed: upstream timed out", i)
		}
		lines[i] = livelog.Line{Time: screentest.Now.Add(time.Duration(i) * time.Millisecond), Source: sources[i%3], Text: []byte(text)}
	}
	return livelog.Of(lines)
}

func fixture(t testing.TB, n int) (*screentest.Host, *view) {
	t.Helper()
	h, s := screentest.New(t, nil)
	r := screen.Logs{Object: screen.Object{Namespace: "shop", Name: "web"}}
	r.Resource.Resource = "deployments"
	v := newView(s, r)
	v.text.take(made(n))
	v.look()
	return h, v
}

func TestGolden(t *testing.T) {
	h, v := fixture(t, 200)
	screentest.AllSizes(t, h, "logs", v)
	v.text.json = true
	v.text.mark(h.Time)
	v.text.take(made(210))
	v.look()
	screentest.AllSizes(t, h, "json", v)
	v.text.json = false
	if err := v.Filter("error"); err != nil {
		t.Fatal(err)
	}
	screentest.AllSizes(t, h, "filter", v)
}

func shown(v *view) (out []string) {
	for i := range v.pager.Len() {
		out = append(out, v.pager.Line(i).String())
	}
	return out
}

func TestFilterAndMarks(t *testing.T) {
	h, v := fixture(t, 100)
	for filter, want := range map[string]int{"": 100, "ERROR": 14, "error": 14, "!error": 86, "item/9[0-9]": 9, "Ünï": 0, "slow answer": 14} {
		if err := v.Filter(filter); err != nil || v.pager.Len() != want {
			t.Errorf("%q shows %d lines, want %d (%v)", filter, v.pager.Len(), want, err)
		}
	}
	if err := v.Filter("error"); err != nil {
		t.Fatal(err)
	}
	if err := v.Filter("("); err == nil || v.pager.Len() != 14 {
		t.Errorf("a wrong filter is taken: %d lines are left (%v)", v.pager.Len(), err)
	}
	v.Do(actOnly)
	if v.pager.Len() != 100 || v.pager.Matches() != 14 {
		t.Errorf("highlighted it shows %d lines with %d matches", v.pager.Len(), v.pager.Matches())
	}
	v.Do(actOnly)
	v.text.mark(h.Time)
	v.text.take(made(121))
	v.look()
	lines := shown(v)
	if len(lines) != 14+1+3 || !strings.HasPrefix(lines[14], "──── 12:00:00") {
		t.Errorf("the mark is not after the 14 lines that were there: %q", lines)
	}
	if err := v.Filter(""); err != nil {
		t.Fatal(err)
	}
	if lines := shown(v); len(lines) != 122 || !strings.HasPrefix(lines[100], "────") || !strings.Contains(lines[99], "item/99") || !strings.Contains(lines[101], "request 100") && !strings.Contains(lines[101], "item/100") && !strings.Contains(lines[101], "/100") {
		t.Errorf("the mark stands elsewhere: %q", lines[98:103])
	}
}

// TestItSaysWhyThereIsNothing looks at no lines for three reasons, and at the filter in the title, which room must not take away.
func TestItSaysWhyThereIsNothing(t *testing.T) {
	h, v := fixture(t, 100)
	if err := v.Filter("nowhere"); err != nil {
		t.Fatal(err)
	}
	if text := screentest.Draw(h, v, 80, 24).String(); !strings.Contains(text, "none of 100 lines matches") || !strings.Contains(text, "logs /nowhere   0 of 100 lines") {
		t.Errorf("a filter that matches nothing:\n%s", text)
	}
	v.query.Previous, v.text.snap, v.filter = true, &livelog.Snapshot{Synced: true}, ""
	v.narrow()
	if text := screentest.Draw(h, v, 80, 24).String(); !strings.Contains(text, "no log before this one") || !strings.Contains(text, "no container was restarted") {
		t.Errorf("without a restart:\n%s", text)
	}
}

func TestWhatIsLetGoTakesItsMarksAlong(t *testing.T) {
	h, v := fixture(t, 100)
	v.text.mark(h.Time)
	s := made(50)
	s.Dropped = 120 // the ring holds lines 120 to 169
	if gone := v.text.take(s); gone != 101 {
		t.Errorf("%d lines are gone, want 100 and the mark", gone)
	}
	if v.text.Len() != 50 {
		t.Errorf("%d lines are left", v.text.Len())
	}
}

func TestJSONIsMadeReadable(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"level":"error","msg":"no way","n":1,"at":{"x":true}}`, `ERROR no way  at={"x":true} n=1 `},
		{`web | {"severity":"INFO","message":"up","big":12345678901234567890}`, `web | INFO  up  big=12345678901234567890 `},
		{`not {json}`, ""}, {`{}`, ""}, {`[1,2]`, ""}, {`{"unfinished":`, ""},
	} {
		if got := pretty([]byte(c.text)).String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
	if got := strings.Join(expanded([]byte(`x {"a":{"b":1}}`)), "\n"); got != "x \n{\n  \"a\": {\n    \"b\": 1\n  }\n}" {
		t.Errorf("expanded: %q", got)
	}
	h, v := fixture(t, 10)
	v.height = 10
	v.expand()
	if len(h.Asked) != 1 {
		t.Fatal("nothing is shown")
	}
}

func TestSavedIsWhatIsShown(t *testing.T) {
	_, v := fixture(t, 21)
	if err := v.Filter("error"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := v.text.frozen().write(&b); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "\n"); got != 3 || !strings.Contains(b.String(), "web-6f9-x2k1 ERROR request") && !strings.Contains(b.String(), "ERROR request 5 failed") {
		t.Errorf("saved %q", b.String())
	}
}

func TestMatcher(t *testing.T) {
	for _, c := range []struct {
		filter, line string
		want         bool
	}{
		{"abc", "xxABc", true}, {"abc", "ab", false}, {"aab", "aaab", true}, {"z", "", false}, {"!abc", "abd", true}, {"a.c", "abc", true}, {"1a", "11A", true}, {"bB", "xbb", true},
	} {
		m, err := newMatcher(c.filter)
		if err != nil || m.match([]byte(c.line)) != c.want {
			t.Errorf("%q in %q: want %v (%v)", c.filter, c.line, c.want, err)
		}
	}
}

// BenchmarkFilterAMillionLines says how long a filter takes on a million lines, the longest that keys wait for it, and the memory.
func BenchmarkFilterAMillionLines(b *testing.B) {
	snap := made(1_000_000)
	for _, filter := range []string{"request 999", "nothing like it", "item/[0-9]+99 "} {
		b.Run(filter, func(b *testing.B) {
			longest := time.Duration(0)
			var found int
			for b.Loop() {
				m, err := newMatcher(filter)
				if err != nil {
					b.Fatal(err)
				}
				t := &text{snap: snap}
				t.filter(m)
				for more := true; more; {
					begin := time.Now()
					more = t.look(glance)
					longest = max(longest, time.Since(begin))
				}
				found = t.Len()
			}
			b.ReportMetric(float64(longest.Microseconds())/1000, "ms-longest-wait")
			b.ReportMetric(float64(found), "lines-found")
		})
	}
}

// BenchmarkKeysWhileLinesArrive draws a frame, with a key, while 10,000 lines a second arrive in a log of a million: what one frame takes.
func BenchmarkKeysWhileLinesArrive(b *testing.B) {
	h, v := fixture(b, 1_000_000)
	if err := v.Filter("error"); err != nil {
		b.Fatal(err)
	}
	for v.text.look(time.Hour) {
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	longest := time.Duration(0)
	for b.Loop() {
		begin := time.Now()
		v.text.seen -= 160 // what comes in 16 ms
		v.text.look(glance)
		b, _ := pager.Keys().Find("k")
		v.Do(b.Action)
		screentest.Draw(h, v, 200, 60)
		longest = max(longest, time.Since(begin))
	}
	b.ReportMetric(float64(longest.Microseconds())/1000, "ms-longest-frame")
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB")
}

func TestLogsBeginAsConfigured(t *testing.T) {
	for _, c := range []struct {
		yaml, span string
		times      bool
	}{
		{"{}", "the last 500 lines", false}, {"logs: {tail: 20, timestamps: true, wrap: true, json: true}", "the last 20 lines", true},
		{"logs: {since: 15m}", "the last 15m", false}, {"logs: {tail: 0}", "all", false},
	} {
		src := config.Parse("config.yaml", []byte(c.yaml))
		if err := src.Err(); err != nil {
			t.Fatal(err)
		}
		_, s := screentest.New(t, nil)
		session.Of(s).Configure(src.Config)
		v := newView(s, screen.Logs{})
		if v.span.name != c.span || v.text.times != c.times || v.text.json != c.times || v.pager.Wrapping() != c.times {
			t.Errorf("%s: %+v, times %v, JSON %v, wrap %v", c.yaml, v.span, v.text.times, v.text.json, v.pager.Wrapping())
		}
	}
	for _, bad := range []string{"logs: {tail: -1}", "logs: {since: long}", "logs: {buffer: 0}"} {
		if config.Parse("config.yaml", []byte(bad)).Err() == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestLogsOfSeveralPods(t *testing.T) {
	a, b, c := screen.Object{Namespace: "x", Name: "a"}, screen.Object{Namespace: "x", Name: "b"}, screen.Object{Namespace: "y", Name: "c"}
	if q := several([]screen.Object{a, b}); q.Namespace != "x" || len(q.Pods) != 2 || q.Pods[1].Name != "b" {
		t.Errorf("two of one namespace: %+v", q)
	}
	if q := several([]screen.Object{a, b, c}); q.Namespace != "" || len(q.Pods) != 3 || q.Pods[2].Namespace != "y" {
		t.Errorf("of two namespaces: %+v", q)
	}
	_, s := screentest.New(t, nil)
	v := newView(s, screen.Logs{Object: a, Also: []screen.Object{b, c}})
	if p := v.Place(); p.Crumbs[2] != "a and 2 more" {
		t.Errorf("crumbs %v", p.Crumbs)
	}
}
