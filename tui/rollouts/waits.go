package rollouts

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// wait is what some Pods of a rollout wait for.
type wait struct {
	rollout.Wait
	pods int
}

// grouped puts those together that wait for the same, the worst first. Of each, the one that has waited longest speaks.
func grouped(list []rollout.Wait) []wait {
	var out []wait
	at := map[string]int{}
	for _, w := range list {
		key := fmt.Sprint(w.Fatal, w.Reason, w.Pod == "")
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, wait{Wait: w})
		}
		if w.Pod != "" {
			out[i].pods++
		}
	}
	return out
}

// who waits.
func (w wait) who() string {
	if w.pods > 1 {
		return fmt.Sprintf("%d Pods", w.pods)
	}
	return w.Pod
}

// remedy is what the user could do about it, empty where waiting is all that is to do. Back says that there is a revision to undo to.
func (w wait) remedy(back bool) string {
	var do, undo string
	switch {
	case strings.Contains(w.Reason, "Image"):
		do, undo = "set another image", ", or undo"
	case w.Reason == "CrashLoopBackOff", w.Reason == "Error", w.Reason == "OOMKilled", w.Reason == "RunContainerError", w.Reason == "Unhealthy":
		do, undo = "look at its logs", "; undo goes back"
	case w.Reason == "Unschedulable":
		do, undo = "fewer or smaller Pods, or more nodes", "; or undo"
	case w.Reason == "FailedCreate":
		do, undo = "more quota, or what else refuses the Pod", "; or undo"
	case strings.HasPrefix(w.Reason, "CreateContainer"):
		do, undo = "something that it refers to is missing or wrong", "; undo goes back"
	}
	if !back {
		return do
	}
	return do + undo
}

// part is text in a colour, and line several after one another.
type (
	part struct {
		text string
		ink  canvas.Style
	}
	line []part
)

// mostOfMessage is how many lines the worst reason may be told in.
const mostOfMessage = 3

// awaited says that what is wanted is no revision yet, as it was changed while the rollout is paused.
func (v *view) awaited() bool {
	return len(v.p.Revisions) > 0 && !slices.ContainsFunc(v.p.Revisions, func(r rollout.Revision) bool { return r.Current })
}

// waitLines say where the rollout is and what it waits for, in so many lines at most: the worst reason to the end and with
// what can be done about it, the others in a line each.
func (v *view) waitLines(s *style.Styles, width, most int) []line {
	waits := grouped(v.p.Waiting)
	if len(waits) == 0 {
		if v.p.Message == "" || v.p.Done && !v.p.Paused { // that it is done stands above
			return nil
		}
		out := []line{{{v.p.Message, s.Muted}}}
		if v.p.Paused && v.awaited() {
			wanted := images(rollout.Revision{Images: v.p.Images, Containers: v.p.Containers})
			out = append(out, line{{"  → resuming rolls out a new revision: " + wanted, s.Text}})
		}
		return out
	}
	var out []line
	for i, w := range waits {
		h := screen.Busy
		if w.Fatal {
			h = screen.Bad
		}
		head := line{{h.Glyph() + " ", h.Style(s)}}
		if who := w.who(); who != "" {
			head = append(head, part{who + "  ", s.Text})
		}
		head = append(head, part{w.Reason + "  ", h.Style(s)})
		if !w.Since.IsZero() {
			head = append(head, part{duration.HumanDuration(v.scope.Now().Sub(w.Since)) + "  ", s.Muted})
		}
		message := strings.Join(strings.Fields(w.Message), " ")
		if i > 0 || head.width()+canvas.Width(message) <= width {
			out = append(out, append(head, part{message, s.Muted}))
		} else {
			out = append(out, head)
			wrapped := canvas.Wrap(message, width-2)
			for n, l := range wrapped[:min(len(wrapped), mostOfMessage)] {
				if n == mostOfMessage-1 && len(wrapped) > mostOfMessage {
					l = canvas.Truncate(l+" "+wrapped[n+1], width-2)
				}
				out = append(out, line{{"  " + l, s.Muted}})
			}
		}
		if remedy := w.remedy(len(v.p.Revisions) > 1); i == 0 && remedy != "" {
			out = append(out, line{{"  → " + remedy, s.Text}})
		}
	}
	if n := len(out) - most; n > 0 && most > 0 {
		out = out[:most]
	}
	return out
}

func (l line) width() (n int) {
	for _, p := range l {
		n += canvas.Width(p.text)
	}
	return n
}

func (l line) draw(c *canvas.Canvas, x, y int) {
	for _, p := range l {
		room := c.Width() - x - 1
		if room <= 0 {
			return
		}
		x = c.Text(x, y, p.ink, canvas.Truncate(p.text, room))
	}
}
