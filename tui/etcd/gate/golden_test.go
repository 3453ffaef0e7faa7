package gate

import (
	"errors"
	"testing"

	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screentest"
)

func TestGoldenGate(t *testing.T) {
	h, s := screentest.New(t, nil)
	step := &Step{Name: "put", Target: "/config/a", Lines: []pager.Line{
		pager.Plain("+ /config/a", pager.Added), pager.Plain("- one", pager.Removed), pager.Plain("+ two", pager.Added), pager.Plain("the same lease, and only if nobody has changed it", pager.Muted),
	}}
	step.Confirm = "yes"
	screentest.Dialog(t, h, "preview", newPreview(s, step, nil))
	step.Name, step.Target, step.Confirm = "delete", "/config/", "1200"
	d := newPreview(s, step, nil)
	press(d, "1", "2")
	screentest.Dialog(t, h, "preview-typed", d)

	r := newRunning(s, &Step{Name: "defragment", Target: "m1, m2, m3"})
	r.report("m2: 128 MB of 240 MB …")
	r.refresh()
	screentest.Dialog(t, h, "running", r)
	r.end("", errors.New("m3 does not answer: nothing more is defragmented until it does"))
	screentest.Dialog(t, h, "failed", r)
}
