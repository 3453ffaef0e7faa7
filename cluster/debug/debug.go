// Package debug plans debug containers: ephemeral containers beside those of a running Pod, as kubectl debug makes them.
package debug

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// Options say what runs in a debug container.
type Options struct {
	// Image has to be set.
	Image string
	// Target is the container whose processes it sees, where the runtime can do that; empty for none.
	Target string
	// Command is the image's own where empty.
	Command []string
}

// Plan plans to add a debug container with a terminal to a Pod, and returns its name. It cannot be undone: an ephemeral container goes
// with its Pod. It ends when its process does.
func Plan(ctx context.Context, c *cluster.Cluster, pod change.Ref, o Options) (p *change.Plan, name string, err error) {
	if o.Image == "" {
		return nil, "", fmt.Errorf("debug %s: no image", pod)
	}
	name = "debugger-" + rand.String(5)
	container := map[string]any{
		"name": name, "image": o.Image, "imagePullPolicy": "IfNotPresent", "stdin": true, "tty": true,
		"terminationMessagePolicy": "File",
	}
	args := []string{"debug", pod.Name, "-it", "--image=" + o.Image, "--container=" + name, "--profile=general"}
	if o.Target != "" {
		container["targetContainerName"] = o.Target
		args = append(args, "--target="+o.Target)
	}
	if len(o.Command) > 0 {
		words := make([]any, len(o.Command))
		for i, w := range o.Command {
			words[i] = w
		}
		container["command"] = words
		args = append(append(args, "--"), o.Command...)
	}
	p, err = change.Update(ctx, c, change.Edit{
		Ref: pod, Subresource: "ephemeralcontainers", Strict: true, Command: change.Command(pod, args...),
		Summary:  fmt.Sprintf("debug %s by a container %s of %s", pod, name, o.Image),
		Warnings: []string{"a debug container stays in the Pod's spec until the Pod is deleted: this cannot be undone"},
		Mutate: func(u *unstructured.Unstructured) error {
			list, _, err := unstructured.NestedSlice(u.Object, "spec", "ephemeralContainers")
			if err != nil {
				return err
			}
			return unstructured.SetNestedSlice(u.Object, append(list, container), "spec", "ephemeralContainers")
		},
	})
	return p, name, err
}

// Words splits a command line at blanks; quotes keep blanks within a word.
func Words(line string) []string {
	var words []string
	var word strings.Builder
	quote, in := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == ' ' || r == '\t':
			if in {
				words, in = append(words, word.String()), false
				word.Reset()
			}
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words
}
