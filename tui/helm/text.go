package helm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/helm"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/save"
	"github.com/podarium/podarium/tui/screen"
)

const (
	actCopy   key.Action = "copy"
	actReveal key.Action = "reveal"
)

func textKeys() key.Table {
	return append(key.Table{
		{Action: actReveal, Keys: []string{"x"}, Hint: "reveal", Help: "show what is likely a secret, or hide it", Group: "View"},
		{Action: actCopy, Keys: []string{"c"}, Hint: "copy", Help: "copy the text", Group: "Mark and copy"},
		save.Key("the text"),
	}, pager.Keys()...)
}

// text is one text of a revision.
type text struct {
	scope  *screen.Scope
	r      Text
	pager  pager.Pager
	loaded bool
	err    error
	all    []*helm.Release // newest first
	reveal bool
}

var (
	_ screen.Screen   = (*text)(nil)
	_ screen.Filterer = (*text)(nil)
	_ screen.Pointer  = (*text)(nil)
)

func openText(s *screen.Scope, r Text) (screen.Screen, error) {
	v := &text{scope: s, r: r}
	c := s.Cluster()
	screen.Call(s, "release "+r.Name, readTimeout, func(ctx context.Context) ([]*helm.Release, error) {
		return helm.History(ctx, c, r.Namespace, r.Name)
	}, func(all []*helm.Release, err error) {
		v.loaded, v.all = true, all
		if v.show() {
			return
		}
		if v.err = err; err == nil {
			v.err = fmt.Errorf("revision %d of %s is not kept any more", r.Version, r.Name)
		}
	})
	return v, nil
}

// show lays the text out, and says whether its revision is kept.
func (v *text) show() bool {
	i := slices.IndexFunc(v.all, func(d *helm.Release) bool { return d.Version == v.r.Version })
	if i >= 0 {
		v.pager.SetLines(linesOf(v.r, v.all, i, v.reveal))
	}
	return i >= 0
}

// masked hides what is likely a secret in the lines of a difference.
func masked(diff []change.Line) []change.Line {
	texts := make([]string, len(diff))
	for i, l := range diff {
		texts[i] = l.Text
	}
	out := slices.Clone(diff)
	for i, text := range strings.Split(mask(strings.Join(texts, "\n")), "\n") {
		if i < len(out) {
			out[i].Text = text
		}
	}
	return out
}

// linesOf are the lines of the text of all[i]; all are the revisions, newest first. What is likely a secret is hidden unless
// it is to be revealed.
func linesOf(r Text, all []*helm.Release, i int, reveal bool) []pager.Line {
	d := all[i]
	plain := func(s, empty string) []pager.Line {
		if !reveal && r.What != notes {
			s = mask(s)
		}
		if strings.TrimSpace(s) == "" {
			return []pager.Line{pager.Plain(empty, pager.Muted)}
		}
		var lines []pager.Line
		for _, l := range strings.Split(strings.TrimRight(s, "\n"), "\n") {
			lines = append(lines, pager.YAML(l))
		}
		return lines
	}
	switch r.What {
	case values:
		return plain(d.Values(false), "")
	case allValues:
		return plain(d.Values(true), "")
	case manifest:
		return plain(d.Manifest, "the manifest is empty")
	case notes:
		return plain(d.Info.Notes, "the chart has no notes")
	}
	from := slices.IndexFunc(all, func(o *helm.Release) bool { return o.Version == r.From })
	if r.From == 0 && i+1 < len(all) {
		from = i + 1
	}
	if from < 0 {
		return []pager.Line{pager.Plain("no earlier revision is kept: there is nothing to compare with", pager.Muted)}
	}
	inValues, inManifest := d.Diff(all[from])
	lines := []pager.Line{pager.Plain(fmt.Sprintf("revision %d → %d   %s → %s", all[from].Version, d.Version, all[from].ChartName(), d.ChartName()), pager.Heading), nil}
	for _, part := range []struct {
		title string
		diff  []change.Line
	}{{"VALUES", inValues}, {"MANIFEST", inManifest}} {
		lines = append(lines, pager.Plain(part.title, pager.Heading))
		if !reveal {
			part.diff = masked(part.diff)
		}
		if len(part.diff) == 0 {
			lines = append(lines, pager.Plain("  no difference", pager.Muted))
		}
		lines = append(append(lines, changes.DiffLines(part.diff)...), nil)
	}
	return lines
}

// Place implements screen.Screen.
func (v *text) Place() screen.Place {
	p := screen.Place{
		Crumbs: []string{v.r.Namespace, "helm releases", v.r.Name, v.r.What}, Note: fmt.Sprintf("revision %d", v.r.Version),
		State: screen.State{Health: screen.Good, Text: "read"},
	}
	if q := v.pager.Query(); q != "" {
		p.Note += fmt.Sprintf("   /%s: %d lines", q, v.pager.Matches())
	}
	switch {
	case v.err != nil:
		p.State = screen.Failure(v.err)
	case !v.loaded:
		p.State = screen.State{Health: screen.Busy, Text: "reading"}
	}
	return p
}

// Keys implements screen.Screen.
func (v *text) Keys() key.Table { return textKeys() }

// Do implements screen.Screen.
func (v *text) Do(a key.Action) {
	switch {
	case v.pager.Do(a):
	case a == actReveal:
		v.reveal = !v.reveal
		v.show()
	case a == actCopy:
		v.scope.Copy(v.pager.Text())
		v.scope.Say(screen.Good, fmt.Sprintf("copied %d lines", v.pager.Len()))
	case a == save.Action:
		save.Text(v.scope, fmt.Sprintf("%s-%s-v%d-%s", v.r.Namespace, v.r.Name, v.r.Version, v.r.What), "yaml", v.pager.Text())
	}
}

// Draw implements screen.Screen.
func (v *text) Draw(c *canvas.Canvas) {
	v.pager.Draw(c.Cut(2, 0, c.Width()-2, c.Height()), v.scope.Styles())
}

// Filter implements screen.Filterer: it searches.
func (v *text) Filter(q string) error {
	v.pager.Search(q)
	return nil
}

// FilterText implements screen.Filterer.
func (v *text) FilterText() string { return v.pager.Query() }

// Click implements screen.Pointer.
func (v *text) Click(int, int) {}

// Wheel implements screen.Pointer.
func (v *text) Wheel(lines int) { v.pager.Scroll(lines) }
