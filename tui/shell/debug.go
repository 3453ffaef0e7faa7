package shell

import (
	"context"
	"errors"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/debug"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

const (
	readTimeout = 10 * time.Second
	noTarget    = "none"
	// debugImage is what kubectl's documentation debugs with.
	debugImage = "busybox:1.28"
)

// Debug asks for an image, proposes a debug container beside those of a Pod, and attaches to it.
func Debug(s *screen.Scope, pod screen.Object, container string) {
	c := s.Cluster()
	screen.Call(s, "containers of "+pod.Name, readTimeout, func(ctx context.Context) (*corev1.Pod, error) {
		return c.Kubernetes().CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	}, func(p *corev1.Pod, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		askDebug(s, pod, p, container)
	})
}

func askDebug(s *screen.Scope, pod screen.Object, p *corev1.Pod, target string) {
	targets := []string{noTarget}
	for i := range p.Spec.Containers {
		targets = append(targets, p.Spec.Containers[i].Name)
	}
	if target == "" {
		target = targets[len(targets)-1]
	}
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Debug container in " + pod.Name, Accept: "Preview",
		Note: "It runs beside the Pod's own containers, shares their network, and ends when its shell does.",
		Fields: []dialog.Field{
			{Label: "image", Value: debugImage, Check: func(v string) error {
				if strings.TrimSpace(v) == "" {
					return errors.New("give an image")
				}
				return nil
			}},
			{Label: "sees the processes of", Value: target, Choices: targets},
			{Label: "command, empty for the image's", Value: "sh"},
		},
		Then: func(v []string) {
			o := debug.Options{Image: strings.TrimSpace(v[0]), Command: debug.Words(v[2])}
			if v[1] != noTarget {
				o.Target = v[1]
			}
			name := ""
			changes.ProposeThen(s, "debug "+pod.Name, changes.One(func(ctx context.Context, c *cluster.Cluster) (p *change.Plan, err error) {
				p, name, err = debug.Plan(ctx, c, changes.Ref(pod), o)
				return p, err
			}), func() { s.Open(Session{Object: pod, Container: name, Attach: true}) })
		},
	}))
}
