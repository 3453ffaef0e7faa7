package etcd

import (
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/style"
)

// withPane is the width from which on there is room for the value beside the list.
const withPane = 140

// numbers are the columns beside the key: where there is little room only the size and what the list is sorted by.
func (v *keysView) numbers(width int) []order {
	if width >= 90 {
		return []order{bySize, byModified, byCreated, byVersion}
	}
	if v.order == byCreated || v.order == byVersion {
		return []order{bySize, v.order}
	}
	return []order{bySize, byModified}
}

// withStored is the width from which on there is room for what each value is stored as.
const withStored = 100

func (v *keysView) columns(width int) []grid.Column {
	heads := append([]string(nil), orders...)
	if v.order != byKey || v.down {
		heads[v.order] += map[bool]string{true: " ↓", false: " ↑"}[v.down]
	}
	cols := []grid.Column{{Head: heads[byKey], Wide: true, Middle: true}}
	if v.inValues() {
		cols = append(cols, grid.Column{Head: "MATCH", Wide: true})
	}
	if width >= withStored {
		cols = append(cols, grid.Column{Head: "STORED AS"})
	}
	for _, o := range v.numbers(width) {
		cols = append(cols, grid.Column{Head: heads[o], Right: true})
	}
	return cols
}

// inValues says that values are searched too.
func (v *keysView) inValues() bool { return v.query.Value != "" || v.query.Field != "" }

func (v *keysView) cells(i, width int) []grid.Cell {
	if i -= v.base; i < 0 || i >= len(v.rows) {
		return []grid.Cell{{Text: "…", Ink: muted}}
	}
	r := &v.rows[i]
	key, from := etcdview.Printable(r.Key), etcdview.Printable(v.prefix)
	cells := []grid.Cell{{Text: strings.TrimPrefix(key, from)}}
	if cells[0].Text == "" {
		cells[0].Text = key
	}
	if v.inValues() {
		cells = append(cells, grid.Cell{Text: r.line, Ink: func(s *style.Styles) canvas.Style { return s.Match }})
	}
	if width >= withStored {
		stored := r.stored
		if stored == "" {
			stored = "-"
		}
		cells = append(cells, grid.Cell{Text: stored, Ink: muted})
	}
	for _, o := range v.numbers(width) {
		cells = append(cells, v.number(r, o))
	}
	return cells
}

func (v *keysView) number(r *row, o order) grid.Cell {
	switch o {
	case bySize:
		if r.size < 0 {
			return grid.Cell{Text: "-", Ink: muted}
		}
		return grid.Cell{Text: etcdview.Size(int64(r.size))}
	case byModified:
		return grid.Cell{Text: grid.Thousands(r.ModRevision)}
	case byCreated:
		return grid.Cell{Text: grid.Thousands(r.CreateRevision), Ink: muted}
	default:
		return grid.Cell{Text: grid.Thousands(r.Version), Ink: muted}
	}
}

func muted(s *style.Styles) canvas.Style { return s.Muted }
