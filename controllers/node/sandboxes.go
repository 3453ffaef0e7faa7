package node

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/cluster"
)

// Sandboxes lists the node's sandboxes and what is in them, by namespace and Pod, those in use first. It asks the runtime.
func (n *Node) Sandboxes(ctx context.Context) ([]cluster.Sandbox, error) {
	out, err := sandboxes(ctx, n.service)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", n.name, err)
	}
	for i := range out {
		s := &out[i]
		if s.Node = n.name; s.Network == "node" {
			s.Address = n.addr.String()
		}
	}
	return out, nil
}

func sandboxes(ctx context.Context, runtime internalapi.RuntimeService) ([]cluster.Sandbox, error) {
	list, err := runtime.ListPodSandbox(ctx, nil)
	if err != nil {
		return nil, err
	}
	containers, err := runtime.ListContainers(ctx, nil)
	if err != nil {
		return nil, err
	}
	in := map[string][]cluster.SandboxContainer{}
	slices.SortFunc(containers, func(a, b *runtimeapi.Container) int { return cmp.Compare(a.CreatedAt, b.CreatedAt) })
	for _, c := range containers {
		r, err := runtime.ContainerStatus(ctx, c.Id, false)
		if err != nil {
			continue // it has gone since
		}
		in[c.PodSandboxId] = append(in[c.PodSandboxId], sandboxContainer(r.Status))
	}
	var out []cluster.Sandbox
	for _, l := range list {
		r, err := runtime.PodSandboxStatus(ctx, l.Id, false)
		if err != nil {
			continue // it has gone since
		}
		st := r.Status
		ns := st.GetLinux().GetNamespaces().GetOptions()
		out = append(out, cluster.Sandbox{
			Namespace: st.Metadata.GetNamespace(), Pod: st.Metadata.GetName(), UID: st.Metadata.GetUid(), ID: st.Id,
			Ready: st.State == runtimeapi.PodSandboxState_SANDBOX_READY, Created: time.Unix(0, st.CreatedAt),
			Network: mode(ns.GetNetwork()), PID: mode(ns.GetPid()), IPC: mode(ns.GetIpc()), Address: st.GetNetwork().GetIp(),
			RuntimeHandler: st.RuntimeHandler, Containers: in[st.Id],
		})
	}
	slices.SortFunc(out, func(a, b cluster.Sandbox) int {
		c := cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Pod, b.Pod))
		if c == 0 && a.Ready != b.Ready {
			if a.Ready {
				return -1
			}
			return 1
		}
		return cmp.Or(c, b.Created.Compare(a.Created))
	})
	return out, nil
}

func mode(m runtimeapi.NamespaceMode) string { return strings.ToLower(m.String()) }

func sandboxContainer(st *runtimeapi.ContainerStatus) cluster.SandboxContainer {
	c := cluster.SandboxContainer{
		Name: st.Metadata.GetName(), ID: st.Id, Image: st.Image.GetImage(), Restarts: st.Metadata.GetAttempt(), Reason: st.Reason,
		State: strings.ToLower(strings.TrimPrefix(st.State.String(), "CONTAINER_")),
	}
	if st.StartedAt != 0 {
		c.Started = new(time.Unix(0, st.StartedAt))
	}
	if st.State == runtimeapi.ContainerState_CONTAINER_EXITED {
		c.Finished, c.ExitCode = new(time.Unix(0, st.FinishedAt)), new(st.ExitCode)
	}
	return c
}
