package plugin

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/podarium/podarium/cluster"
)

// Variables is what a variable stands for, by its name without the dollar.
type Variables func(name string) (string, bool)

// Variables are those of a subject on a cluster.
func (s Subject) Variables(c *cluster.Cluster) Variables {
	access, o := c.Access(), s.Object
	fixed := map[string]string{
		"NAMESPACE": o.Namespace, "NAME": o.Name, "FILTER": s.Filter,
		"RESOURCE_GROUP": o.Resource.Group, "RESOURCE_VERSION": o.Resource.Version, "RESOURCE_NAME": o.Resource.Resource,
		"CONTEXT": access.Context, "CLUSTER": access.Cluster, "USER": access.User, "GROUPS": strings.Join(access.Groups, ","),
		"KUBECONFIG": access.Kubeconfig,
	}
	if !s.Has {
		fixed["NAMESPACE"] = s.Session.Namespace
	}
	if s.Containers || o.Resource.Resource == "pods" {
		fixed["POD"] = o.Name
	}
	if s.Containers && s.Column != nil {
		fixed["CONTAINER"], _ = s.Column("NAME")
		fixed["NAME"] = fixed["CONTAINER"] // as k9s has it: the row's
	}
	return func(name string) (string, bool) {
		if column, ok := strings.CutPrefix(name, "COL-"); ok && s.Column != nil {
			return s.Column(column)
		}
		v, ok := fixed[name]
		return v, ok
	}
}

// With is the variables with some more.
func (v Variables) With(more map[string]string) Variables {
	return func(name string) (string, bool) {
		if text, ok := more[name]; ok {
			return text, true
		}
		return v(name)
	}
}

// variable is $NAME, ${NAME}, $COL-NAME, and $!NAME, the opposite of true or false.
var variable = regexp.MustCompile(`\$(!?)(?:\{(!?)([A-Za-z_][\w%/:. -]*)\}|(COL-[\w%/:.-]+|[A-Za-z_]\w*))`)

// Expand fills in the variables of a text. What is none of them stays as it is: a shell may know it.
func Expand(text string, v Variables) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		m := variable.FindStringSubmatch(found)
		not, name := m[1]+m[2] != "", m[3]+m[4]
		for rest := ""; ; { // a column's name may end before a hyphen: $COL-NODE-logs
			if value, ok := v(name); ok {
				if not {
					if b, err := strconv.ParseBool(value); err == nil {
						value = strconv.FormatBool(!b)
					}
				}
				return value + rest
			}
			i := strings.LastIndexAny(name, "-:./")
			if i <= len("COL") || !strings.HasPrefix(name, "COL-") {
				return found
			}
			name, rest = name[:i], name[i:]+rest
		}
	})
}
