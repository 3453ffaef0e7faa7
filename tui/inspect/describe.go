package inspect

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubectl/pkg/describe"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

func openDescribe(s *screen.Scope, r screen.Describe) (screen.Screen, error) {
	v := &view{scope: s, object: r.Object, what: "describe", keys: describeKeys, other: screen.YAML{Object: r.Object}}
	c, o := s.Cluster(), r.Object
	v.read = func(ctx context.Context) (func() []pager.Line, error) {
		text, err := describeText(ctx, c, o)
		if err != nil {
			return nil, err
		}
		lines := colourDescribe(text)
		return func() []pager.Line { return lines }, nil
	}
	v.follow()
	return v, nil
}

// describeText is what kubectl describe prints. kubectl's describers take no context: a call that has been given up runs
// on until the client's own timeout, and its answer is dropped.
func describeText(ctx context.Context, c *cluster.Cluster, o screen.Object) (string, error) {
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		config := c.Config()
		config.Timeout = readTimeout
		gk := schema.GroupKind{Group: o.Resource.Group, Kind: o.Kind}
		d, ok := describe.DescriberFor(gk, config)
		if !ok {
			mapping := &meta.RESTMapping{Resource: o.Resource, GroupVersionKind: o.Resource.GroupVersion().WithKind(o.Kind), Scope: meta.RESTScopeRoot}
			if o.Namespace != "" {
				mapping.Scope = meta.RESTScopeNamespace
			}
			if d, ok = describe.GenericDescriberFor(mapping, config); !ok {
				done <- answer{err: fmt.Errorf("%s cannot be described: y shows its YAML", o.Kind)}
				return
			}
		}
		text, err := d.Describe(o.Namespace, o.Name, describe.DescriberSettings{ShowEvents: true, ChunkSize: 500})
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// colourDescribe sets the labels of "Label:  value" apart from the values, and warnings from the rest.
func colourDescribe(text string) []pager.Line {
	var lines []pager.Line
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		l = strings.TrimRight(strings.ReplaceAll(l, "\t", "  "), " ")
		indent := len(l) - len(strings.TrimLeft(l, " "))
		label, rest, ok := strings.Cut(l, ":")
		switch {
		case strings.HasPrefix(strings.TrimSpace(l), "Warning "):
			lines = append(lines, pager.Plain(l, pager.Warn))
		case ok && indent == 0 && rest == "":
			lines = append(lines, pager.Plain(l, pager.Heading))
		case ok && !strings.Contains(strings.TrimSpace(label), "  ") && len(label)-indent < 40 && (rest == "" || rest[0] == ' '):
			lines = append(lines, pager.Line{{Text: label + ":", Ink: pager.Muted}, {Text: rest}})
		default:
			lines = append(lines, pager.Plain(l, nil))
		}
	}
	return lines
}
