package rollouts

import "github.com/podarium/podarium/tui/key"

// toPods puts the cursor into the Pods, where there are any.
func (v *view) toPods() {
	v.inPods = len(v.p.Pods) > 0
	if v.inPods && v.podAt() < 0 {
		v.pod = v.pods()[0].UID
	}
}

func (v *view) podAt() int {
	for i, p := range v.pods() {
		if p.UID == v.pod {
			return i
		}
	}
	return -1
}

func (v *view) moves(a key.Action) bool {
	by := 0
	switch a {
	case actDown:
		by = 1
	case actUp:
		by = -1
	case actTop:
		by = -1 << 20
	case actBottom:
		by = 1 << 20
	case actMore:
		v.diff.Scroll(10)
		return true
	case actLess:
		v.diff.Scroll(-10)
		return true
	case actPane:
		if v.inPods {
			v.inPods = false
		} else {
			v.toPods()
		}
		return true
	default:
		return false
	}
	if v.inPods {
		if pods := v.pods(); len(pods) > 0 {
			v.pod = pods[max(0, min(v.podAt()+by, len(pods)-1))].UID
		}
		return true
	}
	if n := len(v.p.Revisions); n > 0 {
		_, at := v.at()
		v.revision = v.p.Revisions[max(0, min(at+by, n-1))].Number
		v.showDiff()
	}
	return true
}

// Click implements screen.Pointer.
func (v *view) Click(int, int) {}

// Wheel implements screen.Pointer.
func (v *view) Wheel(lines int) { v.diff.Scroll(lines) }
