package manifest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/edit"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// kinds are those that can be created.
func kinds(s *screen.Scope, _ string) []string {
	var names []string
	for _, k := range session.Of(s).Kinds() {
		if k.Can("create") {
			names = append(names, k.Resource.Resource)
		}
	}
	return names
}

// create writes a template of a kind, gives it to the user's editor, and shows what applying it would do.
func create(s *screen.Scope, argument string) (screen.Request, error) {
	word, name, _ := strings.Cut(argument, " ")
	if word == "" {
		return nil, errors.New("name a kind: create deployment web")
	}
	c := s.Cluster()
	if c.ReadOnly() {
		return nil, fmt.Errorf("create: %w", change.ErrReadOnly)
	}
	kind, ok := session.Of(s).Find(word)
	if !ok {
		return nil, fmt.Errorf("no kind %q is served", word)
	}
	if name = strings.TrimSpace(name); name == "" {
		name = "new-" + strings.ToLower(kind.Kind)
	}
	ns := namespace(s)
	screen.Call(s, "the schema of "+kind.Kind, readTimeout, func(ctx context.Context) (string, error) {
		text, err := edit.Template(ctx, c, kind.Resource, ns, name)
		if err != nil {
			return "", err
		}
		return changes.TempFile("new", name+".yaml", text)
	}, func(file string, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		changes.InEditor(s, file, func(err error) {
			if err != nil {
				s.Fail(err)
				return
			}
			s.Open(Show{Source: edit.Source{Path: file}, ApplyOptions: edit.ApplyOptions{Namespace: ns}})
		})
	})
	return nil, nil
}
