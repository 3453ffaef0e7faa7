package changes

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/edit"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// Label asks for labels or annotations to set and to remove, in kubectl's words, and proposes it.
func Label(s *screen.Scope, objects []screen.Object) {
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Label " + names(objects),
		Note:  "KEY=VALUE sets, KEY- removes; several with blanks between",
		Fields: []dialog.Field{
			{Label: "set", Check: func(text string) error {
				_, err := words(text)
				return err
			}},
			{Label: "as", Value: "labels", Choices: []string{"labels", "annotations"}},
		},
		Accept: "Preview",
		Then: func(values []string) {
			want, err := words(values[0])
			if err != nil {
				return // the form has checked it
			}
			verb, plan := "label ", edit.Label
			if values[1] == "annotations" {
				verb, plan = "annotate ", edit.Annotate
			}
			Propose(s, verb+names(objects), each(objects, func(ctx context.Context, c *cluster.Cluster, r change.Ref) (*change.Plan, error) {
				return plan(ctx, c, r, want)
			}))
		},
	}))
}

// words reads KEY=VALUE and KEY-, as kubectl label takes them; nil is a key to remove.
func words(text string) (map[string]*string, error) {
	want := map[string]*string{}
	for _, w := range strings.Fields(text) {
		k, v, sets := strings.Cut(w, "=")
		if !sets {
			removed, ok := strings.CutSuffix(w, "-")
			if !ok {
				return nil, fmt.Errorf("%s is neither KEY=VALUE nor KEY-", w)
			}
			k = removed
		}
		if _, twice := want[k]; twice {
			return nil, fmt.Errorf("%s is there twice", k)
		}
		if errs := validation.IsQualifiedName(k); len(errs) > 0 {
			return nil, fmt.Errorf("%s is no key: %s", k, errs[0])
		}
		want[k] = nil
		if sets {
			want[k] = &v
		}
	}
	if len(want) == 0 {
		return nil, errors.New("give KEY=VALUE or KEY-")
	}
	return want, nil
}
