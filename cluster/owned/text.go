package owned

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// maxLines is how many objects Lines names; the others it counts.
const maxLines = 100

// Lines say what goes with an object, for the preview of its deletion: a count by kind, and then each object. orphan says that the
// objects stay, without their owner.
func (f Found) Lines(orphan bool) []string {
	verb := "goes with it: "
	if orphan {
		verb = "stays, without an owner: "
	}
	counts := map[string]int{}
	seen := map[types.UID]bool{} // one with two owners is listed twice
	for _, o := range f.Objects {
		if !o.Stays && (!orphan || o.Depth == 0) && !seen[o.Ref.UID] {
			counts[o.Ref.Kind]++
			seen[o.Ref.UID] = true
		}
	}
	var lines []string
	if len(seen) == 0 {
		lines = append(lines, verb+"nothing")
	} else {
		lines = append(lines, verb+countText(counts))
	}
	for i, o := range f.Objects {
		if orphan && o.Depth > 0 {
			continue
		}
		if i >= maxLines {
			lines = append(lines, fmt.Sprintf("  … and %d more", len(f.Objects)-i))
			break
		}
		line := strings.Repeat("  ", o.Depth+1) + o.Ref.String()
		if o.Stays {
			line += "   stays: it has another owner"
		}
		lines = append(lines, line)
	}
	if n := len(f.Unseen); n > 0 {
		lines = append(lines, fmt.Sprintf("not looked at: %s", strings.Join(f.Unseen[:min(n, 3)], "; ")))
		if n > 3 {
			lines[len(lines)-1] += fmt.Sprintf("; and %d more", n-3)
		}
	}
	return lines
}

func countText(counts map[string]int) string {
	kinds := make([]string, 0, len(counts))
	for k := range counts {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(counts[a]-counts[b], strings.Compare(a, b)) })
	for i, k := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", counts[k], k)
	}
	return strings.Join(kinds, ", ")
}
