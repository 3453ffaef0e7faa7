package change

import (
	"fmt"
	"slices"
	"strings"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// around is how many unchanged lines a diff keeps on each side of a change.
const around = 3

// lastApplied is kubectl apply's copy of the object in the object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Diff is the change as YAML, without status and what only the server writes. The values of a Secret are masked.
func (p *Plan) Diff() []Line { return p.diff(false) }

// DiffWithSecrets is Diff with the values of a Secret in the clear.
func (p *Plan) DiffWithSecrets() []Line { return p.diff(true) }

func (p *Plan) diff(reveal bool) []Line {
	before, after := presentable(p.Before), presentable(p.After)
	if !reveal {
		maskSecret(before, after)
	}
	dropEqualLastApplied(before, after)
	return DiffText(yamlLines(before), yamlLines(after))
}

// presentable is a copy of the object without what only the server writes.
func presentable(o *unstructured.Unstructured) map[string]any {
	if o == nil {
		return nil
	}
	out := o.DeepCopy().Object
	delete(out, "status")
	for _, f := range serverSet {
		unstructured.RemoveNestedField(out, "metadata", f)
	}
	return out
}

// dropEqualLastApplied leaves out kubectl apply's annotation, which repeats the whole object in one line.
func dropEqualLastApplied(before, after map[string]any) {
	b, _, _ := unstructured.NestedString(before, "metadata", "annotations", lastApplied)
	a, _, _ := unstructured.NestedString(after, "metadata", "annotations", lastApplied)
	if a == b || before == nil || after == nil {
		for _, o := range []map[string]any{before, after} {
			unstructured.RemoveNestedField(o, "metadata", "annotations", lastApplied)
		}
	}
}

// maskSecret replaces the values of a Secret so that a diff still shows which of them change.
func maskSecret(before, after map[string]any) {
	for _, o := range []map[string]any{before, after} {
		if o["kind"] != "Secret" {
			continue
		}
		// apply's annotation holds the values once more
		unstructured.RemoveNestedField(o, "metadata", "annotations", lastApplied)
	}
	for _, field := range []string{"data", "stringData"} {
		b, _ := before[field].(map[string]any)
		a, _ := after[field].(map[string]any)
		if before["kind"] != "Secret" && after["kind"] != "Secret" {
			continue
		}
		for _, k := range unionKeys(b, a) {
			bv, bok := b[k]
			av, aok := a[k]
			same := bok && aok && apiequality.Semantic.DeepEqual(bv, av)
			if bok {
				b[k] = mask("before", same || !aok)
			}
			if aok {
				a[k] = mask("after", same || !bok)
			}
		}
	}
}

func mask(which string, plain bool) string {
	if plain {
		return "***"
	}
	return fmt.Sprintf("*** (%s)", which)
}

func yamlLines(o map[string]any) []string {
	if o == nil {
		return nil
	}
	out, err := yaml.Marshal(o)
	if err != nil { // JSON values always marshal
		return []string{"# " + err.Error()}
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// DiffText is the difference of two texts by lines, with three lines of context; nil when they are equal.
func DiffText(before, after []string) []Line {
	script := editScript(before, after)
	keep := make([]bool, len(script))
	changes := false
	for i, l := range script {
		if l.Op == ' ' {
			continue
		}
		changes = true
		for j := max(0, i-around); j <= min(len(script)-1, i+around); j++ {
			keep[j] = true
		}
	}
	if !changes {
		return nil
	}
	var out []Line
	for i, l := range script {
		switch {
		case keep[i]:
			out = append(out, l)
		case i > 0 && keep[i-1]:
			out = append(out, Line{Op: '@'})
		}
	}
	if !keep[0] {
		out = append([]Line{{Op: '@'}}, out...)
	}
	if out[len(out)-1].Op == '@' {
		out = out[:len(out)-1]
	}
	return out
}

// editScript is the shortest way from one text to the other, by Myers' greedy algorithm (1986) between the common ends.
func editScript(a, b []string) []Line {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var script []Line
	for _, l := range a[:head] {
		script = append(script, Line{' ', l})
	}
	script = append(script, myers(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		script = append(script, Line{' ', l})
	}
	return script
}

// maxEdits bounds the search for the shortest script: its cost grows with the square. Texts that differ by more
// are shown as one replaced by the other.
const maxEdits = 800

// myers keeps, for each number of edits d, how far each diagonal k = x-y reaches, and walks back from the end.
func myers(a, b []string) []Line {
	n, m := len(a), len(b)
	limit := min(n+m, maxEdits)
	reach := make([]int, 2*limit+3) // by limit+1+k
	var trace [][]int
	for d := 0; d <= limit && n > 0 && m > 0; d++ {
		trace = append(trace, slices.Clone(reach[limit-d:limit+d+3])) // by d+1+k
		for k := -d; k <= d; k += 2 {
			r := reach[limit+k:] // by 1+k
			x := r[0] + 1
			if down(r[0], r[2], k, d) {
				x = r[2]
			}
			for x < n && x-k < m && a[x] == b[x-k] {
				x++
			}
			r[1] = x
			if x >= n && x-k >= m {
				return walkBack(a, b, trace)
			}
		}
	}
	var script []Line
	for _, l := range a {
		script = append(script, Line{'-', l})
	}
	for _, l := range b {
		script = append(script, Line{'+', l})
	}
	return script
}

// down says whether the furthest path to diagonal k with d edits ends with an insertion, given how far its neighbours reach.
func down(left, right, k, d int) bool {
	return k == -d || k != d && left < right
}

func walkBack(a, b []string, trace [][]int) []Line {
	var back []Line
	x, y := len(a), len(b)
	for d := len(trace) - 1; d >= 0; d-- {
		k := x - y
		r := trace[d][d+k:]
		insertion := down(r[0], r[2], k, d)
		startX, from := r[0], k-1
		if insertion {
			startX, from = r[2], k+1
		}
		startY := startX - from
		for x > startX && y > startY && x > 0 && y > 0 {
			x, y = x-1, y-1
			back = append(back, Line{' ', a[x]})
		}
		switch {
		case d == 0:
		case insertion:
			y--
			back = append(back, Line{'+', b[y]})
		default:
			x--
			back = append(back, Line{'-', a[x]})
		}
	}
	slices.Reverse(back)
	return back
}
