package livetable

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// decoder turns the JSON of Tables into rows. It keeps what rows share: equal texts, label sets and owners exist once.
// It is not safe for use by several goroutines.
type decoder struct {
	columns []Column // of the last Table that had any
	fields  fields
	texts   map[string]string
	labels  map[string]map[string]string
	owners  map[string]*metav1.OwnerReference
	arena   []byte
}

// internLimit bounds each of the decoder's maps; a full one begins anew.
const internLimit = 4096

func newDecoder(list []Field) *decoder {
	return &decoder{
		fields: newFields(list),
		texts:  map[string]string{},
		labels: map[string]map[string]string{},
		owners: map[string]*metav1.OwnerReference{},
	}
}

// document is what one response or one event holds.
type document struct {
	columns         []Column // nil where the server left them out, as it does in events after the first
	rows            []*Row
	resourceVersion string
	next            string // the continue token
	status          *metav1.Status
}

// document decodes a Table, a Status, or a List of whole objects from a server that knows no Tables.
func (d *decoder) document(b []byte) (*document, error) {
	s := &scanner{b: b}
	doc := d.read(s)
	return doc, s.err
}

// event decodes one watch event.
func (d *decoder) event(b []byte) (kind string, doc *document, err error) {
	s := &scanner{b: b}
	if !s.open('{') {
		s.fail("no event")
	}
	for first := true; s.err == nil && s.more('}', first); first = false {
		switch string(s.key()) {
		case "type":
			kind = d.intern(s.str())
		case "object":
			doc = d.read(s)
		default:
			s.skip()
		}
	}
	if doc == nil {
		s.fail("event without object")
	}
	return kind, doc, s.err
}

func (d *decoder) read(s *scanner) *document {
	doc := &document{}
	start := s.i
	if !s.open('{') {
		s.fail("no object")
	}
	var kind []byte
	for first := true; s.err == nil && s.more('}', first); first = false {
		switch string(s.key()) {
		case "kind":
			kind = s.str()
		case "metadata":
			d.listMeta(s, doc)
		case "columnDefinitions":
			if columns := d.readColumns(s); len(columns) > 0 {
				d.columns = columns
				doc.columns = d.allColumns()
			}
		case "rows":
			d.readRows(s, doc, false)
		case "items":
			d.columns = plainColumns
			doc.columns = d.allColumns()
			d.readRows(s, doc, true)
		default:
			s.skip()
		}
	}
	if string(kind) == "Status" && s.err == nil {
		doc.status = &metav1.Status{}
		if err := json.Unmarshal(s.b[start:s.i], doc.status); err != nil {
			s.fail(err.Error())
		}
	}
	return doc
}

// allColumns are the server's columns and those of the fields.
func (d *decoder) allColumns() []Column {
	return append(d.columns[:len(d.columns):len(d.columns)], d.fields.columns...)
}

// plainColumns are for servers that answer with objects instead of a Table.
var plainColumns = []Column{
	{Name: "Name", Type: "string", Format: "name"},
	{Name: "Age", Type: "date", Age: true},
}

func (d *decoder) listMeta(s *scanner, doc *document) {
	if !s.open('{') {
		return
	}
	for first := true; s.err == nil && s.more('}', first); first = false {
		switch string(s.key()) {
		case "resourceVersion":
			doc.resourceVersion = string(s.str())
		case "continue":
			doc.next = string(s.str())
		default:
			s.skip()
		}
	}
}

func (d *decoder) readColumns(s *scanner) []Column {
	var columns []Column
	raw := s.raw()
	if s.err != nil {
		return nil
	}
	var defs []metav1.TableColumnDefinition
	if err := json.Unmarshal(raw, &defs); err != nil {
		s.fail(err.Error())
		return nil
	}
	for _, c := range defs {
		columns = append(columns, Column{
			Name: c.Name, Type: c.Type, Format: c.Format, Description: c.Description, Priority: c.Priority,
			Age: strings.EqualFold(c.Name, "age") && (c.Type == "string" || c.Type == "date"),
		})
	}
	return columns
}

// readRows reads the rows of a Table, or the items of a List.
func (d *decoder) readRows(s *scanner, doc *document, items bool) {
	if !s.open('[') {
		return
	}
	for first := true; s.err == nil && s.more(']', first); first = false {
		var r *Row
		if items {
			r = &Row{}
			found := d.readObject(s, r)
			r.Cells = append([]Cell{{Text: r.Name}, {}}, found...)
		} else {
			r = d.readRow(s)
		}
		if r.UID == "" {
			r.UID = types.UID(r.Namespace + "/" + r.Name)
		}
		if s.err == nil {
			doc.rows = append(doc.rows, r)
		}
	}
}

func (d *decoder) readRow(s *scanner) *Row {
	r := &Row{}
	var cells []byte
	var found []Cell
	if !s.open('{') {
		return r
	}
	for first := true; s.err == nil && s.more('}', first); first = false {
		switch string(s.key()) {
		case "cells":
			cells = s.raw()
		case "object":
			found = d.readObject(s, r)
		default:
			s.skip()
		}
	}
	if s.err == nil && cells != nil {
		c := &scanner{b: cells}
		if d.readCells(c, r); c.err != nil {
			s.fail(c.err.Error())
		}
		r.Cells = append(r.Cells, found...)
	}
	return r
}

// readObject takes what a row needs of its object, a PartialObjectMetadata or a whole object, and returns the cells of the
// fields.
func (d *decoder) readObject(s *scanner, r *Row) []Cell {
	if len(d.fields.paths) == 0 {
		d.readMeta(s, r)
		return nil
	}
	raw := s.raw()
	if s.err != nil {
		return nil
	}
	whole := &scanner{b: raw}
	if d.readMeta(whole, r); whole.err != nil {
		s.fail(whole.err.Error())
		return nil
	}
	cells, err := d.fields.cells(raw, d.intern)
	if err != nil {
		s.fail(err.Error())
	}
	return cells
}

func (d *decoder) readMeta(s *scanner, r *Row) {
	if !s.open('{') {
		return
	}
	for first := true; s.err == nil && s.more('}', first); first = false {
		if string(s.key()) == "metadata" {
			d.objectMeta(s, r)
		} else {
			s.skip()
		}
	}
}

func (d *decoder) objectMeta(s *scanner, r *Row) {
	if !s.open('{') {
		return
	}
	var name, uid, version []byte
	for first := true; s.err == nil && s.more('}', first); first = false {
		switch string(s.key()) {
		case "name":
			name = s.str()
		case "namespace":
			r.Namespace = d.intern(s.str())
		case "uid":
			uid = s.str()
		case "resourceVersion":
			version = s.str()
		case "creationTimestamp":
			if t := s.str(); t != nil {
				r.Created, _ = time.Parse(time.RFC3339, string(t)) // zero where it is not a time
			}
		case "deletionTimestamp":
			r.Deleting = len(s.str()) > 0
		case "labels":
			r.Labels = d.labelSet(s)
		case "ownerReferences":
			r.Owner = d.controller(s)
		default:
			s.skip()
		}
	}
	// One allocation for the three, which live and die together.
	d.arena = append(append(append(d.arena[:0], name...), uid...), version...)
	all := string(d.arena)
	r.Name, all = all[:len(name)], all[len(name):]
	r.UID, r.ResourceVersion = types.UID(all[:len(uid)]), all[len(uid):]
}

func (d *decoder) labelSet(s *scanner) map[string]string {
	raw := s.raw()
	if s.err != nil {
		return nil
	}
	if m, ok := d.labels[string(raw)]; ok {
		return m
	}
	m := map[string]string{}
	l := &scanner{b: raw}
	if l.open('{') {
		for first := true; l.err == nil && l.more('}', first); first = false {
			k := d.intern(l.key())
			m[k] = d.intern(l.str())
		}
	}
	if l.err != nil {
		s.fail("labels")
		return nil
	}
	if len(d.labels) >= internLimit {
		clear(d.labels)
	}
	d.labels[string(raw)] = m
	return m
}

func (d *decoder) controller(s *scanner) *metav1.OwnerReference {
	raw := s.raw()
	if s.err != nil {
		return nil
	}
	if o, ok := d.owners[string(raw)]; ok {
		return o
	}
	var refs []metav1.OwnerReference
	if err := json.Unmarshal(raw, &refs); err != nil {
		s.fail("ownerReferences")
		return nil
	}
	var owner *metav1.OwnerReference
	for i := range refs {
		if refs[i].Controller != nil && *refs[i].Controller {
			owner = &refs[i]
		}
	}
	if len(d.owners) >= internLimit {
		clear(d.owners)
	}
	d.owners[string(raw)] = owner
	return owner
}

// readCells reads one cell per column. Cells that are missing are empty, those too many are dropped.
func (d *decoder) readCells(s *scanner, r *Row) {
	cells := make([]Cell, len(d.columns))
	if !s.open('[') {
		return
	}
	n := 0
	for first := true; s.err == nil && s.more(']', first); first = false {
		c := d.cell(s, r)
		if len(d.columns) == 0 { // rows before their columns: no server does that
			cells = append(cells, c)
		} else if n < len(cells) {
			cells[n] = c
		}
		n++
	}
	r.Cells = cells
}

func (d *decoder) cell(s *scanner, r *Row) Cell {
	switch c := s.peek(); c {
	case '"':
		text := s.str()
		if string(text) == r.Name {
			return Cell{Text: r.Name}
		}
		return Cell{Text: d.intern(printable(text))}
	case '{', '[':
		return Cell{Text: string(printable(s.raw()))}
	}
	raw := s.literal()
	switch string(raw) {
	case "null":
		return Cell{}
	case "true", "false":
		return Cell{Text: d.intern(raw), Value: raw[0] == 't'}
	}
	text := d.intern(raw)
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Cell{Text: text, Value: i}
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return Cell{Text: text, Value: f}
	}
	return Cell{Text: text}
}

// printable does as kubectl's printer: only the first line, and no escape sequences for the terminal.
func printable(text []byte) []byte {
	control := func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }
	if bytes.IndexFunc(text, control) < 0 {
		return text
	}
	if i := bytes.IndexAny(text, "\n\r\f"); i >= 0 {
		text = append(bytes.Clone(text[:i]), "..."...)
	}
	return bytes.Map(func(r rune) rune {
		if control(r) {
			return '?'
		}
		return r
	}, text)
}

// intern is the text as a string that equal texts share.
func (d *decoder) intern(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if t, ok := d.texts[string(text)]; ok {
		return t
	}
	if len(d.texts) >= internLimit {
		clear(d.texts)
	}
	t := string(text)
	d.texts[t] = t
	return t
}
