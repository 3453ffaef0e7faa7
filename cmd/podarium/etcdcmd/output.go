package etcdcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"

	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
)

// record is a key and its decoded value as programs read it.
type record struct {
	Key            string `json:"key"`
	CreateRevision int64  `json:"createRevision"`
	ModRevision    int64  `json:"modRevision"`
	Version        int64  `json:"version"`
	Lease          int64  `json:"lease,omitempty"`
	Size           *int   `json:"size,omitempty"` // nil where the value was not read
	Form           string `json:"form,omitempty"`
	StoredAs       string `json:"storedAs,omitempty"`
	Encryption     string `json:"encryption,omitempty"`
	Error          string `json:"error,omitempty"`
	Value          any    `json:"value,omitempty"`
	// Nested is what is written within the value, where that was asked for.
	Nested []decode.Nested `json:"nested,omitempty"`
}

func toRecord(ctx context.Context, kv etcdview.KV, d decode.Options, keysOnly, nested bool) record {
	r := record{Key: etcdview.Printable(kv.Key), CreateRevision: kv.CreateRevision, ModRevision: kv.ModRevision, Version: kv.Version,
		Lease: kv.Lease}
	if keysOnly {
		return r
	}
	size := len(kv.Value)
	r.Size = &size
	v := decode.Decode(ctx, kv.Key, kv.Value, d)
	r.Form = string(v.Form)
	if v.IsKubernetes() {
		r.StoredAs = v.StoredAs.GroupVersion().String() + " " + v.StoredAs.Kind
	}
	if v.Encryption != nil {
		r.Encryption = v.Encryption.String()
	}
	t, err := v.Tree()
	if err == nil {
		err = v.Err
	}
	if err != nil {
		r.Error = err.Error()
	}
	r.Value = t
	if nested {
		r.Nested = v.Nested()
	}
	return r
}

// printer writes keys one by one, in one of the formats.
type printer struct {
	w        io.Writer
	format   string
	decode   decode.Options
	keysOnly bool
	value    bool // the value alone, without the line about the key
	nested   bool // and what is written within it

	n     int
	table *tabwriter.Writer
}

// kv prints one key.
func (p *printer) kv(ctx context.Context, kv etcdview.KV) error {
	p.n++
	switch p.format {
	case "raw":
		if p.keysOnly {
			return p.line(kv.Key)
		}
		_, err := p.w.Write(kv.Value)
		return err
	case "base64", "hex":
		if p.keysOnly {
			kv.Value = []byte(kv.Key)
		}
		v := decode.Value{Raw: kv.Value}
		if p.format == "hex" {
			_, err := io.WriteString(p.w, v.Hex())
			return err
		}
		return p.line(v.Base64())
	case "json", "jsonl":
		return p.json(toRecord(ctx, kv, p.decode, p.keysOnly, p.nested))
	case "table":
		return p.row(ctx, kv)
	}
	if p.keysOnly {
		return p.line(etcdview.Printable(kv.Key))
	}
	return p.yaml(ctx, kv)
}

func (p *printer) line(s string) error {
	_, err := fmt.Fprintln(p.w, s)
	return err
}

// json writes a list for json, one object on each line for jsonl.
func (p *printer) json(v any) error {
	if p.format == "json" {
		open := ",\n"
		if p.n == 1 {
			open = "[\n"
		}
		if _, err := io.WriteString(p.w, open); err != nil {
			return err
		}
		b, err := marshal(v, "  ")
		if err != nil {
			return err
		}
		_, err = p.w.Write(bytes.TrimSuffix(b, []byte("\n")))
		return err
	}
	b, err := marshal(v, "")
	if err != nil {
		return err
	}
	_, err = p.w.Write(b)
	return err
}

func (p *printer) row(ctx context.Context, kv etcdview.KV) error {
	if p.table == nil {
		p.table = newTable(p.w)
		fmt.Fprintln(p.table, "KEY\tSIZE\tCREATED\tMODIFIED\tVERSION\tSTORED AS")
	}
	stored, size := "", "-"
	if !p.keysOnly {
		v := decode.Decode(ctx, kv.Key, kv.Value, p.decode)
		stored, size = v.Label(), fmt.Sprint(len(kv.Value))
	}
	_, err := fmt.Fprintf(p.table, "%s\t%s\t%d\t%d\t%d\t%s\n", etcdview.Printable(kv.Key), size, kv.CreateRevision, kv.ModRevision, kv.Version, stored)
	return err
}

func (p *printer) yaml(ctx context.Context, kv etcdview.KV) error {
	v := decode.Decode(ctx, kv.Key, kv.Value, p.decode)
	var b bytes.Buffer
	if !p.value {
		if p.n > 1 {
			b.WriteString("---\n")
		}
		fmt.Fprintf(&b, "# %s\n# %s, revision %d, created at %d, version %d", etcdview.Printable(kv.Key), etcdview.Size(int64(len(kv.Value))),
			kv.ModRevision, kv.CreateRevision, kv.Version)
		if kv.Lease != 0 {
			fmt.Fprintf(&b, ", lease %x", kv.Lease)
		}
		fmt.Fprintf(&b, "; %s\n", v.Label())
	}
	if v.Err != nil {
		fmt.Fprintf(&b, "# not decoded: %s\n", strings.ReplaceAll(v.Err.Error(), "\n", " "))
	}
	y, err := v.YAML()
	if err != nil {
		return err
	}
	b.Write(y)
	if len(y) > 0 && y[len(y)-1] != '\n' {
		b.WriteByte('\n')
	}
	if p.nested {
		comment(&b, &v)
	}
	_, err = p.w.Write(b.Bytes())
	return err
}

// comment writes what is written within a value below it, as comments, so that it stays YAML.
func comment(b *bytes.Buffer, v *decode.Value) {
	if v.Masked() {
		b.WriteString("# what is within it is masked: --show-secrets\n")
	}
	for _, n := range v.Nested() {
		fmt.Fprintf(b, "#\n# within %s: %s\n", n.Path, strings.Join(n.Encodings, ", "))
		for l := range strings.Lines(n.Text) {
			fmt.Fprintf(b, "#   %s\n", strings.TrimRight(l, "\r\n"))
		}
	}
}

// end writes what must follow the last key.
func (p *printer) end() error {
	if p.table != nil {
		return p.table.Flush()
	}
	if p.format == "json" {
		s := "\n]\n"
		if p.n == 0 {
			s = "[]\n"
		}
		_, err := io.WriteString(p.w, s)
		return err
	}
	return nil
}

func newTable(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

func marshal(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return b.Bytes(), nil
}

// printValue writes any other result in the format asked for, or calls table.
func printValue(w io.Writer, format string, v any, table func(*tabwriter.Writer)) error {
	switch format {
	case "", "table":
		t := newTable(w)
		table(t)
		return t.Flush()
	case "json":
		b, err := marshal(v, "  ")
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	case "jsonl": // a list is a line for each of its elements
		if list := reflect.ValueOf(v); list.Kind() == reflect.Slice {
			for i := range list.Len() {
				if err := printValue(w, format, list.Index(i).Interface(), nil); err != nil {
					return err
				}
			}
			return nil
		}
		b, err := marshal(v, "")
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	case "yaml":
		b, err := yaml.Marshal(v)
		if err != nil {
			return fmt.Errorf("write YAML: %w", err)
		}
		_, err = w.Write(b)
		return err
	}
	return usage("-o %s shows stored bytes: here it is table, yaml, json or jsonl", format)
}
