package config

import (
	"strings"
	"text/template"
)

// Jump is where enter leads from an object of some kind: to the objects of another kind that selectors find.
type Jump struct {
	TargetGVR       string `yaml:"targetGVR" help:"the kind to go to: v1/secrets, apps/v1/deployments" required:"true"`
	LabelSelector   string `yaml:"labelSelector" help:"labels of those wanted; {{.metadata.name}} and the like are the object's own fields"`
	FieldSelector   string `yaml:"fieldSelector" help:"fields of those wanted, as far as the server selects by them: of custom resources metadata.name, metadata.namespace and their selectableFields"`
	TargetNamespace string `yaml:"targetNamespace" help:"where they are: all, or a name; empty is the object's own"`
}

// JumpFrom is the jump of a resource by one of the names that it is known by.
func (c *Config) JumpFrom(names []string) (Jump, bool) {
	for _, name := range sorted(c.Jumps) {
		if contains(names, name) {
			return c.Jumps[name], true
		}
	}
	return Jump{}, false
}

// For is the jump with the fields of an object filled in. A field that the object lacks is an error.
func (j Jump) For(object map[string]any) (Jump, error) {
	for _, text := range []*string{&j.LabelSelector, &j.FieldSelector, &j.TargetNamespace} {
		t, err := jumpTemplate(*text)
		if err != nil {
			return Jump{}, err
		}
		var b strings.Builder
		if err := t.Execute(&b, object); err != nil {
			return Jump{}, err
		}
		*text = b.String()
	}
	return j, nil
}

func jumpTemplate(text string) (*template.Template, error) {
	return template.New("jump").Option("missingkey=error").Parse(text)
}

func (s *Source) checkJumps() {
	for _, name := range sorted(s.Jumps) {
		j := s.Jumps[name]
		if j.LabelSelector == "" && j.FieldSelector == "" {
			s.Report("the jump leads to everything: give a labelSelector or a fieldSelector", "jumps", name)
		}
		for field, text := range map[string]string{"labelSelector": j.LabelSelector, "fieldSelector": j.FieldSelector, "targetNamespace": j.TargetNamespace} {
			if _, err := jumpTemplate(text); err != nil {
				s.Report("not a template: "+strings.TrimPrefix(err.Error(), "template: "), "jumps", name, field)
			}
		}
	}
}
