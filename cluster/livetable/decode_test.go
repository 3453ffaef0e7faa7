package livetable

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podTable is what the API server answers for a list of n Pods, managedFields included.
func podTable(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"4711"},"columnDefinitions":[` +
		`{"name":"Name","type":"string","format":"name","description":"Name must be unique","priority":0},` +
		`{"name":"Ready","type":"string","format":"","description":"The aggregate readiness state","priority":0},` +
		`{"name":"Status","type":"string","format":"","description":"The aggregate status","priority":0},` +
		`{"name":"Restarts","type":"string","format":"","description":"The number of times","priority":0},` +
		`{"name":"Age","type":"string","format":"","description":"CreationTimestamp is a timestamp","priority":0},` +
		`{"name":"IP","type":"string","format":"","description":"podIP","priority":1},` +
		`{"name":"Node","type":"string","format":"","description":"NodeName","priority":1},` +
		`{"name":"Nominated Node","type":"string","format":"","description":"nominated","priority":1},` +
		`{"name":"Readiness Gates","type":"string","format":"","description":"gates","priority":1}],"rows":[`)
	managed := `"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-23T16:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"9cf1\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}},{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2026-11-23T16:00:01Z","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastProbeTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Ready\"}":{".":{},"f:status":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:startTime":{}}},"subresource":"status"}]`
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"cells":["web-6f9c7d-%05d","1/1","Running","0","%dm","10.244.%d.%d","node-%d","<none>","<none>"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"web-6f9c7d-%05d","generateName":"web-6f9c7d-","namespace":"default","uid":"7f1b6d1e-0000-4000-8000-%012d","resourceVersion":"%d","creationTimestamp":"2026-11-23T16:00:00Z","labels":{"app":"web","pod-template-hash":"6f9c7d"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-6f9c7d","uid":"9cf1","controller":true,"blockOwnerDeletion":true}],%s}}}`,
			i, i%60, i/250%250, i%250, i%5000/20, i, i, 1000+i, managed)
	}
	b.WriteString("]}\n")
	return b.Bytes()
}

func TestDocumentOfATable(t *testing.T) {
	doc, err := newDecoder(nil).document(podTable(3))
	if err != nil {
		t.Fatal(err)
	}
	if doc.resourceVersion != "4711" || len(doc.columns) != 9 || len(doc.rows) != 3 {
		t.Fatalf("got version %q, %d columns, %d rows", doc.resourceVersion, len(doc.columns), len(doc.rows))
	}
	if c := doc.columns[4]; !c.Age || c.Priority != 0 || doc.columns[5].Priority != 1 || doc.columns[5].Age {
		t.Errorf("columns: %+v", doc.columns)
	}
	r := doc.rows[2]
	if r.Name != "web-6f9c7d-00002" || r.UID != "7f1b6d1e-0000-4000-8000-000000000002" || r.ResourceVersion != "1002" || r.Namespace != "default" {
		t.Errorf("identity: %+v", r)
	}
	if !r.Created.Equal(time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)) || r.Deleting {
		t.Errorf("created %v, deleting %v", r.Created, r.Deleting)
	}
	if want := map[string]string{"app": "web", "pod-template-hash": "6f9c7d"}; !reflect.DeepEqual(r.Labels, want) {
		t.Errorf("labels %v", r.Labels)
	}
	if r.Owner == nil || r.Owner.Name != "web-6f9c7d" || r.Owner != doc.rows[0].Owner {
		t.Errorf("the owner must be there, once: %v", r.Owner)
	}
	var texts []string
	for _, c := range r.Cells {
		texts = append(texts, c.Text)
	}
	if got, want := strings.Join(texts, "|"), "web-6f9c7d-00002|1/1|Running|0|2m|10.244.0.2|node-0|<none>|<none>"; got != want {
		t.Errorf("cells %s, want %s", got, want)
	}
}

func TestCells(t *testing.T) {
	const table = `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"A","type":"integer"},{"name":"B","type":"number"},{"name":"C","type":"boolean"},{"name":"D","type":"string"},{"name":"E","type":"string"},{"name":"F","type":"string"}],
		"rows":[{"cells":[42, 1.5, true, null, "two\nlines\u001b[31m", ["a", {"b":1}], "too many"],"object":null},
		        {"cells":["short"],"object":{"metadata":{"name":"x\"\u00e9\ud83d\ude00","namespace":"n","deletionTimestamp":"2026-01-01T00:00:00Z"}}}]}`
	doc, err := newDecoder(nil).document([]byte(table))
	if err != nil {
		t.Fatal(err)
	}
	want := []Cell{{Text: "42", Value: int64(42)}, {Text: "1.5", Value: 1.5}, {Text: "true", Value: true}, {}, {Text: "two..."}, {Text: `["a", {"b":1}]`}}
	if !reflect.DeepEqual(doc.rows[0].Cells, want) {
		t.Errorf("got %#v", doc.rows[0].Cells)
	}
	r := doc.rows[1]
	if r.Name != "x\"é😀" || r.UID != "n/x\"é😀" || !r.Deleting || len(r.Cells) != 6 || r.Cells[0].Text != "short" {
		t.Errorf("got %#v", r)
	}
}

func TestListOfWholeObjects(t *testing.T) {
	const list = `{"kind":"WidgetList","apiVersion":"example.com/v1","metadata":{"resourceVersion":"7","continue":"more"},
		"items":[{"kind":"Widget","metadata":{"name":"a","uid":"u1","resourceVersion":"5"},"spec":{"x":[1,2,{"y":"}"}]}}]}`
	doc, err := newDecoder(nil).document([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.rows) != 1 || doc.rows[0].Cells[0].Text != "a" || doc.rows[0].UID != "u1" || !doc.columns[1].Age || doc.next != "more" {
		t.Errorf("got %+v %+v", doc, doc.rows)
	}
}

func TestEvents(t *testing.T) {
	d := newDecoder(nil)
	if _, err := d.document(podTable(1)); err != nil {
		t.Fatal(err)
	}
	kind, doc, err := d.event([]byte(`{"type":"MODIFIED","object":{"kind":"Table","metadata":{"resourceVersion":"9"},"columnDefinitions":null,"rows":[{"cells":["p","0/1"],"object":{"metadata":{"name":"p","uid":"u"}}}]}}`))
	if err != nil || kind != "MODIFIED" || doc.resourceVersion != "9" || len(doc.rows[0].Cells) != 9 || doc.rows[0].Cells[1].Text != "0/1" {
		t.Errorf("got %s %+v %v", kind, doc, err)
	}
	kind, doc, err = d.event([]byte(`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}`))
	if err != nil || kind != "ERROR" || doc.status == nil || doc.status.Reason != metav1.StatusReasonExpired {
		t.Errorf("got %s %+v %v", kind, doc, err)
	}
	for _, bad := range []string{``, `{`, `null`, `{"type":"ADDED"}`, `{"type":"ADDED","object":{"rows":[{"cells":["a`, `[]`} {
		if _, _, err := d.event([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// FuzzDocument proves that no input makes the decoder panic or loop, and that on JSON it reads what encoding/json reads.
func FuzzDocument(f *testing.F) {
	f.Add(podTable(2))
	f.Add([]byte(`{"kind":"Table","rows":[{"cells":["\ud800",1e9,-0.5,[],{}],"object":{"metadata":{"name":"a\\\"","labels":{"a":null}}}}]}`))
	f.Add([]byte(`{"kind":"Status","code":410}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := newDecoder(nil).document(b)
		var want struct {
			Metadata struct{ Continue string }
			Rows     []struct {
				Object *struct{ Metadata struct{ Name string } }
			}
		}
		if err != nil || !json.Valid(b) || !utf8.Valid(b) || bytes.ContainsAny(b, "ABCDEFGHIJLNOPQSUVWXYZ") || json.Unmarshal(b, &want) != nil {
			return // encoding/json folds the case of keys and replaces invalid UTF-8; the server needs neither
		}
		if bytes.Count(b, []byte(`"rows"`)) != 1 || bytes.Count(b, []byte(`"items"`)) != 0 || bytes.Contains(b, []byte(`\u`)) {
			return
		}
		if len(doc.rows) != len(want.Rows) {
			t.Fatalf("%d rows, want %d: %s", len(doc.rows), len(want.Rows), b)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	table := podTable(500)
	b.SetBytes(int64(len(table)))
	b.ReportAllocs()
	d := newDecoder(nil)
	for b.Loop() {
		if _, err := d.document(table); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeByEncodingJSON is what the same costs with the standard types.
func BenchmarkDecodeByEncodingJSON(b *testing.B) {
	table := podTable(500)
	b.SetBytes(int64(len(table)))
	b.ReportAllocs()
	for b.Loop() {
		var t metav1.Table
		if err := json.Unmarshal(table, &t); err != nil {
			b.Fatal(err)
		}
		for i := range t.Rows {
			var m metav1.PartialObjectMetadata
			if err := json.Unmarshal(t.Rows[i].Object.Raw, &m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
