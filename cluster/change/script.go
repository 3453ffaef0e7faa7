package change

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Script is the change as lines for a shell. Manifests that the command reads stand in it; the values of a Secret do not.
func (p *Plan) Script() string {
	command, reads := strings.CutSuffix(p.Command, " -f -")
	want := p.request.want
	if p.request.applied != nil {
		want = p.request.applied
	}
	switch {
	case p.Command == "":
		return "# " + p.Summary + "   (kubectl has no command for it)\n"
	case !reads:
		return p.Command + "\n"
	case want == nil || want.GetKind() == "Secret":
		return fmt.Sprintf("# %s\n# %s -f FILE   (the values of a Secret are left out)\n", p.Summary, command)
	}
	text := want.GetAnnotations()[corev1.LastAppliedConfigAnnotation]
	if text == "" {
		o, _ := recreatable(want)
		b, err := yaml.Marshal(o.Object)
		if err != nil {
			return "# " + p.Summary + "\n"
		}
		text = string(b)
	}
	const end = "PODARIUM-END" // no line of YAML or JSON is this
	return fmt.Sprintf("%s <<'%s'\n%s\n%s\n", p.Command, end, strings.TrimRight(text, "\n"), end)
}
