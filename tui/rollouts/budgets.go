package rollouts

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/screen"
)

// selectorField is the column with a budget's selector.
const selectorField = "SELECTOR"

// openBudgets is the live table of the disruption budgets of a namespace.
func openBudgets(s *screen.Scope, namespace string) resource.Source {
	return livetable.Open(s.Context(), s.Cluster(), livetable.Query{
		Resource: schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}, Namespace: namespace,
		Fields: []livetable.Field{{Name: selectorField, Path: ".spec.selector"}},
	})
}

// budgets says of each disruption budget over the workload's Pods what it allows. A rollout does not ask them, and is not held
// up by them; what evicts its Pods meanwhile, as a drain does, is.
func (v *view) budgets() (texts []string) {
	current := v.current()
	if v.disruptions == nil || current == nil || current.Template == nil {
		return nil
	}
	snap := v.disruptions.Snapshot()
	allowed, selector := resource.Column(snap.Columns, "Allowed Disruptions"), resource.Column(snap.Columns, selectorField)
	for _, r := range snap.Rows {
		var ls metav1.LabelSelector
		if json.Unmarshal([]byte(resource.Text(r, selector)), &ls) != nil {
			continue
		}
		sel, err := metav1.LabelSelectorAsSelector(&ls)
		if err != nil || !sel.Matches(labels.Set(current.Template.Labels)) {
			continue
		}
		evictions := resource.Text(r, allowed) + " evictions"
		if evictions == "1 evictions" {
			evictions = "1 eviction"
		}
		texts = append(texts, fmt.Sprintf("budget %s: %s allowed (drains wait, rollouts do not)", r.Name, evictions))
	}
	return texts
}
