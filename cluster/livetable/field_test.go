package livetable

import (
	"strings"
	"testing"
)

func TestFieldsFindCells(t *testing.T) {
	const table = `{"kind":"Table","metadata":{"resourceVersion":"7"},"columnDefinitions":[{"name":"Name","type":"string","format":"name"}],
	"rows":[{"cells":["a"],"object":{"metadata":{"name":"a","namespace":"x","uid":"1","labels":{"app.kubernetes.io/name":"web"}},
	"spec":{"n":3,"deep":{"k":[1,2]},"list":[{"image":"one"},{"image":"two"}]}}},
	{"cells":["b"],"object":{"metadata":{"name":"b","uid":"2"}}}]}`
	d := newDecoder([]Field{
		{Name: "APP", Path: `.metadata.labels.app\.kubernetes\.io/name`}, {Name: "N", Path: "{.spec.n}"}, {Name: "IMAGES", Path: "spec.list[*].image"},
		{Name: "DEEP", Path: ".spec.deep"}, {Name: "WRONG", Path: ".spec["},
	})
	doc, err := d.document([]byte(table))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range doc.columns {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "Name APP N IMAGES DEEP WRONG" {
		t.Errorf("columns %s", got)
	}
	for i, want := range []string{`a|web|3|one,two|{"k":[1,2]}|`, "b|||||"} {
		var cells []string
		for _, c := range doc.rows[i].Cells {
			cells = append(cells, c.Text)
		}
		if got := strings.Join(cells, "|"); got != want {
			t.Errorf("row %d: %s, want %s", i, got, want)
		}
	}
	if r := doc.rows[0]; r.Name != "a" || r.Namespace != "x" || r.Cells[2].Value != 3.0 {
		t.Errorf("row %+v", r)
	}
	// A server that knows no Tables sends whole objects anyway.
	doc, err = d.document([]byte(`{"kind":"List","items":[{"metadata":{"name":"c","uid":"3"},"spec":{"n":4}}]}`))
	if err != nil || len(doc.rows[0].Cells) != len(doc.columns) || doc.rows[0].Cells[3].Text != "4" {
		t.Errorf("%+v, %v", doc, err)
	}
}

func TestFieldPathsAreChecked(t *testing.T) {
	for path, good := range map[string]bool{".metadata.name": true, "{.a}{.b}": true, "spec.x": true, "": false, ".a[": false, "{.a": false} {
		if err := (Field{Name: "X", Path: path}).Check(); (err == nil) != good {
			t.Errorf("%q: %v", path, err)
		}
	}
}
