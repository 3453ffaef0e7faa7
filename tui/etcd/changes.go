package etcd

import (
	"fmt"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// changesView is the live list of changes under some prefixes.
type changesView struct {
	live
	store    *etcdview.Store
	prefixes []string
	from     int64 // the first revision to report, 0 for what came since it was opened
	paused   bool
	filter   string
	keep     func(etcdview.Event) bool // what the filter lets through, nil for all
	missed   uint64                    // dropped from the feed's memory before this screen took them in
	save     *saver
}

func openChanges(s *screen.Scope, r access.Changes) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	v := &changesView{store: store, from: r.Revision}
	v.live = live{scope: s, pane: newPane(s, store), focus: onList}
	v.pane.diff, v.pane.replay = true, r.Revision > 0
	watches := make([]etcdview.WatchOptions, len(r.Prefixes))
	for i, p := range r.Prefixes {
		watches[i] = etcdview.WatchOptions{Key: p, Prefix: true, Revision: r.Revision}
	}
	watches = etcdview.Distinct(watches)
	for _, w := range watches {
		v.prefixes = append(v.prefixes, w.Key)
	}
	v.feed = store.FeedAll(s.Context(), watches, etcdview.FeedOptions{})
	s.Live(v.feed.Changed(), v.refresh)
	v.restart()
	return v, nil
}

// restart empties the list, for what the feed still has.
func (v *changesView) restart() {
	v.pane.open(common(v.prefixes), true)
	v.pane.within = v.prefixes
}

// common is the longest directory that all the prefixes begin with.
func common(prefixes []string) string {
	if len(prefixes) == 1 {
		return prefixes[0]
	}
	c := prefixes[0]
	for _, p := range prefixes[1:] {
		for !strings.HasPrefix(p, c) {
			c = c[:len(c)-1]
		}
	}
	return c[:strings.LastIndexByte(c, '/')+1]
}

func (v *changesView) refresh() {
	if v.save != nil {
		v.save.wake()
	}
	if v.paused {
		_, v.state = v.feed.Since(^uint64(0))
		return
	}
	entries, state := v.feed.Since(v.seq)
	v.missed += state.Seen - v.seq - uint64(len(entries))
	v.seq, v.state = state.Seen, state
	if v.keep != nil {
		var kept []etcdview.Entry
		for _, e := range entries {
			if e.Gap != nil || v.keep(e.Event) {
				kept = append(kept, e)
			}
		}
		entries = kept
	}
	v.pane.absorb(entries)
}

// Place implements screen.Screen.
func (v *changesView) Place() screen.Place {
	p := screen.Place{Crumbs: append(crumbs(v.pane.path), "changes"), State: feedState(v.scope, v.state, 0)}
	if n := len(v.prefixes); n > 1 {
		p.Crumbs[len(p.Crumbs)-1] = fmt.Sprintf("changes of %d prefixes", n)
	}
	parts := []string{grid.Thousands(int64(v.state.Seen)) + " seen"}
	if v.from > 0 {
		parts[0] += " from revision " + grid.Thousands(v.from)
	}
	if v.missed > 0 {
		parts = append(parts, grid.Thousands(int64(v.missed))+" dropped")
	}
	if v.filter != "" {
		parts = append(parts, "/"+v.filter)
	}
	if v.save != nil {
		parts = append(parts, v.save.String())
	}
	if !v.pane.follow && !v.paused {
		parts = append(parts, "not following: g follows")
	}
	p.Note = strings.Join(parts, ", ")
	if v.paused && v.state.Interrupted == nil {
		text := "paused, " + grid.Thousands(int64(v.state.Seen-v.seq)) + " waiting"
		if v.state.Dropped > v.seq {
			text += ", " + grid.Thousands(int64(v.state.Dropped-v.seq)) + " dropped"
		}
		p.State = screen.State{Health: screen.Idle, Text: text}
	}
	return p
}

// Keys implements screen.Screen.
func (v *changesView) Keys() key.Table { return v.keys(changesKeys()) }

// Do implements screen.Screen.
func (v *changesView) Do(a key.Action) {
	switch a {
	case actPause:
		v.paused = !v.paused
		v.refresh()
	case actOpen:
		if c := v.pane.current(); c != nil && c.gap == nil {
			v.scope.Open(access.Key{Path: c.KV.Key})
		}
	case actWatch:
		v.askPrefixes()
	case actSave:
		v.askFile()
	default:
		v.do(a)
	}
}

// askPrefixes asks what else to watch, and from where.
func (v *changesView) askPrefixes() {
	shown := make([]string, len(v.prefixes))
	for i, p := range v.prefixes {
		if shown[i] = etcdview.Printable(p); p == "" {
			shown[i] = "."
		}
	}
	from := ""
	if v.from > 0 {
		from = fmt.Sprint(v.from)
	}
	v.scope.Ask(dialog.NewForm(v.scope, dialog.Form{
		Title: "Watch", Accept: "Watch", Note: "Several prefixes are watched at once, with spaces between them; . is all keys. From a past revision on, what the store still has of it comes first.",
		Fields: []dialog.Field{
			{Label: "prefixes", Value: strings.Join(shown, " "), Check: func(s string) error {
				_, err := parseWatch(s)
				return err
			}},
			{Label: "from revision (empty: now)", Value: from, Check: checkRevision},
		},
		Then: func(values []string) {
			r, _ := parseWatch(values[0]) // it was checked
			r.Revision, _ = parseRevision(values[1])
			v.scope.Replace(r)
		},
	}))
}

// Filter implements screen.Filterer: it keeps the changes whose key, type and revision match all words.
func (v *changesView) Filter(text string) error {
	v.filter, v.keep = text, eventFilter(text)
	v.restart()
	v.seq = 0
	if _, state := v.feed.Since(^uint64(0)); state.Dropped > 0 {
		v.seq = state.Dropped // what is not kept any more was counted before
	}
	paused := v.paused
	v.paused = false
	v.refresh()
	v.paused = paused
	return nil
}

// FilterText implements screen.Filterer.
func (v *changesView) FilterText() string { return v.filter }

// eventFilter is what a line of words lets through: text in the key, type:delete, and either with ! for not.
func eventFilter(text string) func(etcdview.Event) bool {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil
	}
	return func(e etcdview.Event) bool {
		for _, w := range words {
			word, not := strings.CutPrefix(w, "!")
			is := false
			if t, ok := strings.CutPrefix(word, "type:"); ok {
				is = strings.HasPrefix(string(e.Type), t)
			} else {
				is = strings.Contains(strings.ToLower(etcdview.Printable(e.KV.Key)), word)
			}
			if is == not {
				return false
			}
		}
		return true
	}
}
