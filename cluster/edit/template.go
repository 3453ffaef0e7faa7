package edit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
)

// openAPISchema is as much of an OpenAPI v3 schema as a template needs.
type openAPISchema struct {
	Ref         string                   `json:"$ref"`
	AllOf       []openAPISchema          `json:"allOf"`
	Type        string                   `json:"type"`
	Format      string                   `json:"format"`
	Description string                   `json:"description"`
	Properties  map[string]openAPISchema `json:"properties"`
	Required    []string                 `json:"required"`
	Items       *openAPISchema           `json:"items"`
	Enum        []any                    `json:"enum"`
	Default     any                      `json:"default"`
	IntOrString bool                     `json:"x-kubernetes-int-or-string"`
	GVKs        []struct {
		Group, Version, Kind string
	} `json:"x-kubernetes-group-version-kind"`
}

type openAPI struct {
	Components struct {
		Schemas map[string]openAPISchema `json:"schemas"`
	} `json:"components"`
}

// Template writes a new object of a kind, by the server's OpenAPI: the fields that are required, and those beside them as comments.
// It is to be completed in an editor; what it says of selectors, labels and containers fits together.
func Template(_ context.Context, c *cluster.Cluster, resource schema.GroupVersionResource, namespace, name string) ([]byte, error) {
	kind, err := c.Mapper().KindFor(resource)
	if err != nil {
		return nil, err
	}
	mapping, err := c.Mapper().RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	doc, err := readOpenAPI(c, kind.GroupVersion())
	if err != nil {
		return nil, fmt.Errorf("the schema of %s: %w", kind.Kind, err)
	}
	t := template{doc: doc, name: name}
	for _, s := range doc.Components.Schemas {
		for _, g := range s.GVKs {
			if g.Group == kind.Group && g.Version == kind.Version && g.Kind == kind.Kind && len(s.Properties) > 0 {
				t.root = s
			}
		}
	}
	if t.root.Properties == nil {
		return nil, fmt.Errorf("the server has no schema of %s", kind.Kind)
	}
	t.line(0, "# A new %s. Complete it, save and leave: what the server makes of it is shown before anything is done.", kind.Kind)
	t.line(0, "# Lines that begin with # are what else can be set. An empty file leaves everything as it is.")
	apiVersion, k := kind.ToAPIVersionAndKind()
	t.line(0, "apiVersion: %s", apiVersion)
	t.line(0, "kind: %s", k)
	t.line(0, "metadata:")
	t.line(1, "name: %s", name)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		t.line(1, "namespace: %s", namespace)
	}
	for _, field := range sortedFields(t.root) {
		if slices.Contains([]string{"apiVersion", "kind", "metadata", "status"}, field) {
			continue
		}
		s := t.resolve(t.root.Properties[field])
		if field == "spec" || slices.Contains(t.root.Required, field) {
			t.field(0, field, s, 0)
		} else {
			t.optional(0, field, s)
		}
	}
	return []byte(t.out.String()), nil
}

func readOpenAPI(c *cluster.Cluster, gv schema.GroupVersion) (*openAPI, error) {
	paths, err := c.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return nil, err
	}
	path := "apis/" + gv.String()
	if gv.Group == "" {
		path = "api/" + gv.Version
	}
	p, ok := paths[path]
	if !ok {
		return nil, fmt.Errorf("the server publishes none for %s", gv)
	}
	raw, err := p.Schema("application/json")
	if err != nil {
		return nil, err
	}
	doc := &openAPI{}
	return doc, json.Unmarshal(raw, doc)
}

type template struct {
	doc  *openAPI
	root openAPISchema
	name string
	out  strings.Builder
}

func (t *template) line(depth int, format string, args ...any) {
	t.out.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&t.out, format, args...)
	t.out.WriteByte('\n')
}

// resolve follows references; the description of the place stays.
func (t *template) resolve(s openAPISchema) openAPISchema {
	ref := s.Ref
	if ref == "" && len(s.AllOf) == 1 {
		ref = s.AllOf[0].Ref
	}
	if ref == "" {
		return s
	}
	to := t.doc.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
	if s.Description != "" {
		to.Description = s.Description
	}
	to.Ref = ref
	return to
}

// maxDepth ends schemas that contain themselves.
const maxDepth = 8

// field writes a field that is set, with the required fields below it.
func (t *template) field(depth int, name string, s openAPISchema, deep int) {
	switch {
	case strings.HasSuffix(s.Ref, ".LabelSelector"):
		t.line(depth, "%s:", name)
		t.line(depth+1, "matchLabels:")
		t.line(depth+2, "app: %s", t.name)
	case strings.HasSuffix(s.Ref, ".PodTemplateSpec"):
		t.line(depth, "%s:", name)
		t.line(depth+1, "metadata:")
		t.line(depth+2, "labels:")
		t.line(depth+3, "app: %s", t.name)
		t.field(depth+1, "spec", t.resolve(s.Properties["spec"]), deep+1)
	case len(s.Properties) > 0 && deep < maxDepth:
		t.line(depth, "%s:%s", name, remark(s))
		t.fields(depth+1, s, deep+1)
	case s.Type == "array" && s.Items != nil && deep < maxDepth:
		item := t.resolve(*s.Items)
		if len(item.Properties) == 0 {
			t.line(depth, "%s: []%s", name, remark(s))
			return
		}
		t.line(depth, "%s:%s", name, remark(s))
		below := template{doc: t.doc, root: t.root, name: t.name}
		below.fields(depth+1, item, deep+1)
		text := below.out.String()
		at := strings.Repeat("  ", depth+1)
		t.out.WriteString(strings.Repeat("  ", depth) + "- " + strings.TrimPrefix(text, at))
	default:
		t.line(depth, "%s: %s%s", name, t.value(name, s), remark(s))
	}
}

// needed are fields that nothing can be made without, though the schema does not require them.
var needed = map[string]string{"Container": "image", "JobTemplateSpec": "spec"}

// fields writes the required fields of an object first, and the others as comments.
func (t *template) fields(depth int, s openAPISchema, deep int) {
	names := sortedFields(s)
	wants := func(f string) bool {
		return slices.Contains(s.Required, f) || needed[s.Ref[strings.LastIndex(s.Ref, ".")+1:]] == f
	}
	for _, f := range names {
		if wants(f) {
			t.field(depth, f, t.resolve(s.Properties[f]), deep)
		}
	}
	if strings.HasSuffix(s.Ref, ".PodSpec") && t.finite() {
		t.line(depth, "restartPolicy: Never")
	}
	for _, f := range names {
		if !wants(f) {
			t.optional(depth, f, t.resolve(s.Properties[f]))
		}
	}
}

// finite says that the kind's Pods are to end: the server refuses those that are always restarted.
func (t *template) finite() bool {
	for _, g := range t.root.GVKs {
		if g.Group == "batch" {
			return true
		}
	}
	return false
}

func (t *template) optional(depth int, name string, s openAPISchema) {
	t.line(depth, "# %s: %s%s", name, placeholder(s), remark(s))
}

func (t *template) value(name string, s openAPISchema) string {
	switch {
	case name == "name":
		return t.name
	case name == "image":
		return "nginx"
	case name == "schedule":
		return `"*/5 * * * *"`
	case s.Default != nil:
		b, _ := json.Marshal(s.Default) // it was JSON
		return string(b)
	case len(s.Enum) > 0:
		return fmt.Sprint(s.Enum[0])
	case s.Type == "integer" || s.Type == "number" || s.IntOrString:
		return "1"
	case s.Type == "boolean":
		return "false"
	case s.Type == "array":
		return "[]"
	case s.Type == "object":
		return "{}"
	}
	return `""`
}

func placeholder(s openAPISchema) string {
	switch {
	case s.IntOrString:
		return "<number or string>"
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			words[i] = fmt.Sprint(e)
		}
		return "<" + strings.Join(words, "|") + ">"
	case s.Type == "array":
		return "[]"
	case s.Type == "object", len(s.Properties) > 0:
		return "{}"
	case s.Type == "":
		return "<any>"
	}
	return "<" + s.Type + ">"
}

// remark is the first sentence of a description.
func remark(s openAPISchema) string {
	text, _, _ := strings.Cut(strings.Join(strings.Fields(s.Description), " "), ". ")
	if text == "" {
		return ""
	}
	const most = 100
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return "   # " + text
}

func sortedFields(s openAPISchema) []string {
	names := make([]string, 0, len(s.Properties))
	for n := range s.Properties {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
