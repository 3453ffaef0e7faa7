package livelog

import (
	"sort"
	"time"
)

// A page is full when it has so many lines or so much text. A single longer line has a page of its own.
const (
	pageLines = 1024
	pageText  = 64 << 10
)

// entry is a line without its text. It is small since there may be a million of them.
type entry struct {
	nanos      int64 // Unix time; noTime where there is none
	source     uint32
	start, end uint32 // in page.text
}

const noTime = -1 << 63

// page holds lines. Both slices only grow, within the capacity that they were made with: whoever knows
// an earlier length may read up to it without a lock.
type page struct {
	entries []entry
	text    []byte
}

func (p *page) fits(n int) bool {
	return len(p.entries) < cap(p.entries) && len(p.text)+n <= cap(p.text)
}

// size is the memory that the page takes.
func (p *page) size() int { return cap(p.entries)*24 + cap(p.text) }

// ring keeps the newest lines within a limit of memory.
type ring struct {
	limit   int
	pages   []*page
	size    int
	lines   int
	dropped uint64
}

func (r *ring) append(source uint32, nanos int64, text []byte) {
	if len(r.pages) == 0 || !r.pages[len(r.pages)-1].fits(len(text)) {
		p := &page{entries: make([]entry, 0, pageLines), text: make([]byte, 0, max(pageText, len(text)))}
		r.pages = append(r.pages, p)
		r.size += p.size()
		for r.size > r.limit && len(r.pages) > 1 {
			r.dropped += uint64(len(r.pages[0].entries))
			r.lines -= len(r.pages[0].entries)
			r.size -= r.pages[0].size()
			r.pages[0] = nil
			r.pages = r.pages[1:]
		}
	}
	p := r.pages[len(r.pages)-1]
	start := uint32(len(p.text))
	p.text = append(p.text, text...)
	p.entries = append(p.entries, entry{nanos: nanos, source: source, start: start, end: uint32(len(p.text))})
	r.lines++
}

// freeze is what the ring holds now, as pages whose lengths do not grow.
func (r *ring) freeze(s *Snapshot) {
	s.Dropped, s.n = r.dropped, r.lines
	s.pages, s.starts = make([]*page, len(r.pages)), make([]int, len(r.pages))
	at := 0
	for i, p := range r.pages {
		s.pages[i], s.starts[i] = p, at
		at += len(p.entries)
	}
	if last := len(r.pages) - 1; last >= 0 { // the only page that still grows
		p := *r.pages[last]
		s.pages[last] = &p
	}
}

// Of is a Snapshot of lines that are there already, and of nobody else's: for screens by themselves.
func Of(lines []Line) *Snapshot {
	r := ring{limit: 1 << 40}
	s := &Snapshot{Synced: true}
	ids := map[*Source]uint32{}
	for _, l := range lines {
		id, ok := ids[l.Source]
		if !ok {
			id = uint32(len(s.sources))
			ids[l.Source] = id
			s.sources = append(s.sources, l.Source)
			s.Sources = append(s.Sources, SourceStatus{Source: l.Source, State: Reading})
		}
		nanos := int64(noTime)
		if !l.Time.IsZero() {
			nanos = l.Time.UnixNano()
		}
		r.append(id, nanos, l.Text)
		s.Sources[id].Lines++
	}
	r.freeze(s)
	return s
}

// Len is how many lines the Snapshot holds.
func (s *Snapshot) Len() int { return s.n }

// Line is line i, from 0 up to Len()-1. Its number since Open is Dropped+i.
func (s *Snapshot) Line(i int) Line {
	k := sort.SearchInts(s.starts, i+1) - 1
	p := s.pages[k]
	e := p.entries[i-s.starts[k]]
	l := Line{Text: p.text[e.start:e.end:e.end], Source: s.sources[e.source]}
	if e.nanos != noTime {
		l.Time = time.Unix(0, e.nanos).UTC()
	}
	return l
}
