// Package shell hands the terminal to a shell in a container, until that ends.
package shell

import (
	"io"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/scheme"
	kubectl "k8s.io/kubectl/pkg/cmd/exec"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/screen"
)

// Open opens a shell in a container of a Pod; the Pod's default one where container is empty.
func Open(s *screen.Scope, pod screen.Object, container string) {
	s.Exec(&session{c: s.Cluster(), pod: pod, container: container}, func(err error) {
		if err != nil {
			s.Fail(err)
		}
	})
}

// session is a shell as bubbletea runs it.
type session struct {
	c         *cluster.Cluster
	pod       screen.Object
	container string
	in        io.Reader
	out, err  io.Writer
}

var _ tea.ExecCommand = (*session)(nil)

func (x *session) SetStdin(r io.Reader)  { x.in = r }
func (x *session) SetStdout(w io.Writer) { x.out = w }
func (x *session) SetStderr(w io.Writer) { x.err = w }

// Run implements tea.ExecCommand.
func (x *session) Run() error {
	config := x.c.Config()
	config.APIPath = "/api"
	config.GroupVersion = &corev1.SchemeGroupVersion
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	o := &kubectl.ExecOptions{
		StreamOptions: kubectl.StreamOptions{
			Namespace: x.pod.Namespace, PodName: x.pod.Name, ContainerName: x.container, Stdin: true, TTY: true, Quiet: true,
			IOStreams: genericiooptions.IOStreams{In: x.in, Out: x.out, ErrOut: x.err},
		},
		Command:   []string{"sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"},
		Executor:  &kubectl.DefaultRemoteExecutor{},
		PodClient: x.c.Kubernetes().CoreV1(),
		Config:    config,
	}
	return o.Run()
}
