package rollouts

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/screentest"
)

// turning is a rollout of which n of 10 new Pods are ready.
func turning(n int) *rollout.Progress {
	p := rolling()
	fresh, old := p.Pods[:10], p.Pods[10:]
	p.Pods = nil
	for i, pod := range fresh {
		if i < n+2 {
			pod.Ready = i < n
			p.Pods = append(p.Pods, pod)
		}
	}
	for range max(0, 10-n) {
		p.Pods = append(p.Pods, old[0])
	}
	p.Done = n == 10
	p.Ready = 10
	return p
}

func TestGoldenTurnover(t *testing.T) {
	h, s := screentest.New(t, nil)
	f := &fixture{turning(0)}
	v := newView(s, web, f)
	for n := range 9 {
		h.Time = h.Time.Add(2 * time.Second)
		f.p = turning(n)
		v.refresh()
	}
	screentest.AllSizes(t, h, "turnover", v)
	h.Time = h.Time.Add(time.Second)
	f.p = turning(10)
	f.p.Waiting = nil
	v.refresh()
	if got := v.Place().State.Text; got != "rolled out   10 of 10 ready in 19s" {
		t.Errorf("the end: %s", got)
	}
	screentest.AllSizes(t, h, "turned", v)
	// Another rollout begins anew.
	h.Time = h.Time.Add(time.Minute)
	f.p = turning(1)
	v.refresh()
	if n := len(v.turnover.samples); n != 1 || v.turnover.done {
		t.Errorf("%d samples, done %v", n, v.turnover.done)
	}
}

func TestTurnoverOfAnHourFits(t *testing.T) {
	h, s := screentest.New(t, nil)
	f := &fixture{turning(1)}
	v := newView(s, web, f)
	for range 5 {
		h.Time = h.Time.Add(30 * time.Minute)
		v.Tick()
	}
	if n := len(v.turnover.samples); n != maxTurns {
		t.Errorf("%d samples, want %d", n, maxTurns)
	}
	screentest.Draw(h, v, 120, 40)
}

func TestThoseThatWaitForTheSameAreOne(t *testing.T) {
	h, s := screentest.New(t, nil)
	p := rolling()
	p.Waiting = nil
	for _, name := range []string{"a", "b", "c"} {
		p.Waiting = append(p.Waiting, rollout.Wait{Pod: name, Reason: "ImagePullBackOff", Message: strings.Repeat("long ", 60), Fatal: true, Since: h.Time})
	}
	p.Waiting = append(p.Waiting, rollout.Wait{Pod: "d", Reason: "Unhealthy", Message: "no answer"})
	v := newView(s, web, &fixture{p})
	var texts []string
	for _, l := range v.waitLines(h.Styles(), 80, 10) {
		text := ""
		for _, part := range l {
			text += part.text
		}
		texts = append(texts, text)
	}
	all := strings.Join(texts, "\n")
	if len(texts) != 6 || !strings.HasPrefix(all, "✗ 3 Pods  ImagePullBackOff  0s") || !strings.Contains(all, "…") || !strings.Contains(all, "set another image") || !strings.HasSuffix(all, "◐ d  Unhealthy  no answer") {
		t.Errorf("%d lines:\n%s", len(texts), all)
	}
}

func TestPausedSaysWhatResumingDoes(t *testing.T) {
	h, s := screentest.New(t, nil)
	p := rolling()
	p.Revisions[0].Current = false
	p.Paused, p.Waiting, p.Message = true, nil, "paused: resume it to go on"
	p.Images, p.Containers = map[string]string{"web": "nginx:3"}, []string{"web"}
	v := newView(s, web, &fixture{p})
	if r, _ := v.at(); r == nil || r.Number != 4 || v.diff.Len() == 0 {
		t.Errorf("the cursor is on %v, the diff has %d lines", r, v.diff.Len())
	}
	if lines := v.waitLines(h.Styles(), 80, 5); len(lines) != 2 || !strings.HasSuffix(lines[1][0].text, "a new revision: nginx:3") {
		t.Errorf("lines %v", lines)
	}
}

type budgetTable struct{ s *livetable.Snapshot }

func (b budgetTable) Changed() <-chan struct{}      { return nil }
func (b budgetTable) Snapshot() *livetable.Snapshot { return b.s }
func (b budgetTable) Close()                        {}

func TestBudgetsOverThePodsAreNamed(t *testing.T) {
	_, s := screentest.New(t, nil)
	v := newView(s, web, &fixture{rolling()})
	row := func(name, app string) *livetable.Row {
		raw, err := json.Marshal(metav1.LabelSelector{MatchLabels: map[string]string{"app": app}})
		if err != nil {
			t.Fatal(err)
		}
		return &livetable.Row{Name: name, Cells: []livetable.Cell{{Text: name}, {Text: "2"}, {Text: string(raw)}}}
	}
	v.disruptions = budgetTable{&livetable.Snapshot{Columns: []livetable.Column{{Name: "Name"}, {Name: "Allowed Disruptions"}, {Name: selectorField}}, Rows: []*livetable.Row{row("ours", "web"), row("other", "db")}}}
	if got := v.budgets(); len(got) != 1 || !strings.HasPrefix(got[0], "budget ours: 2 evictions") {
		t.Errorf("budgets %q", got)
	}
}

func TestNothingLeadsToUndoWhereThereIsOneRevision(t *testing.T) {
	for _, reason := range []string{"ErrImagePull", "CrashLoopBackOff", "Unschedulable", "FailedCreate", "CreateContainerConfigError"} {
		w := wait{Wait: rollout.Wait{Reason: reason}}
		if do := w.remedy(false); do == "" || strings.Contains(do, "undo") {
			t.Errorf("%s: %q", reason, do)
		}
		if do := w.remedy(true); !strings.Contains(do, "undo") {
			t.Errorf("%s, with a revision before it: %q", reason, do)
		}
	}
}
