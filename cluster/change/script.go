package change

import (
	"encoding/json"
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
	case p.Verb == "evict":
		w := p.eviction()
		body, _ := w.body.(map[string]any)
		body["deleteOptions"] = p.request.delete // without the UID of the Pod that was
		text, err := json.Marshal(body)
		if err != nil {
			return "# " + p.Summary + "\n"
		}
		return here(p.Command, string(text))
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
	return here(p.Command, text)
}

// here is a command with its input, for a shell.
func here(command, text string) string {
	const end = "PODARIUM-END" // no line of YAML or JSON is this
	return fmt.Sprintf("%s <<'%s'\n%s\n%s\n", command, end, strings.TrimRight(text, "\n"), end)
}
