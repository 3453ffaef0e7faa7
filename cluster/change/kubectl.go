package change

import (
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// kubectlName is the object as kubectl prints and takes it: pod/web-1, deployment.apps/web.
func (r Ref) kubectlName() string {
	kind := strings.ToLower(r.Kind)
	if kind == "" {
		kind = r.Resource.Resource
	}
	if r.Resource.Group != "" {
		kind += "." + r.Resource.Group
	}
	return kind + "/" + r.Name
}

// Command is a kubectl command line on the object's namespace, quoted for a shell.
func Command(ref Ref, args ...string) string { return kubectl(ref, args...) }

func kubectl(ref Ref, args ...string) string {
	words := []string{"kubectl"}
	if ref.Namespace != "" {
		words = append(words, "-n", ref.Namespace)
	}
	words = append(words, args...)
	for i, w := range words {
		words[i] = quote(w)
	}
	return strings.Join(words, " ")
}

// quote quotes a word for a POSIX shell where it needs it.
func quote(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@,%+", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// patchCommand is the kubectl patch that makes the same change. The values of a Secret are not put on a command line.
func patchCommand(ref Ref, before, want *unstructured.Unstructured) string {
	if before.GetKind() == "Secret" {
		return kubectl(ref, "edit", ref.kubectlName())
	}
	text, err := json.Marshal(mergePatch(before, want))
	if err != nil {
		return ""
	}
	return kubectl(ref, "patch", ref.kubectlName(), "--type=merge", "-p", string(text))
}
