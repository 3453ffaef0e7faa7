package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/drain"
)

func newNodeRemove(f *flags) *cobra.Command {
	var force bool
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "Drain a node, delete it and end its kubelet, for good",
		Long: `Drain a node as 'kubectl drain --ignore-daemonsets --delete-emptydir-data' does, which respects PodDisruptionBudgets, then
end its kubelet and its containers, and delete the Node, the Pods that are still bound to it and its directory. It does not
come back with a restart; 'podarium node add NAME' makes a new one of that name.

It is refused where Pods forbid the drain (those of no controller) or PersistentVolumes are on the node. --force drains
nothing and asks for nothing: containers are killed, volumes on the node are lost.`,
		Example: `  podarium node remove node-3
  podarium node remove node-3 --force`,
		Args: oneNode, ValidArgsFunction: f.completeNode,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.attach(cmd)
			if err != nil {
				return err
			}
			defer r.Close()
			if !force {
				ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
				defer cancel()
				if err := drainNode(ctx, cmd.ErrOrStderr(), r.Cluster(), args[0]); err != nil {
					if ctx.Err() != nil && cmd.Context().Err() == nil {
						err = fmt.Errorf("%w: it is not drained after %s", err, timeout)
					}
					return fmt.Errorf("%w\nNothing was removed; 'podarium node remove %s --force' does not drain", err, args[0])
				}
			}
			if err := r.RemoveNode(cmd.Context(), args[0], force); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: removed\n", args[0])
			return nil
		},
	}
	c.Flags().BoolVar(&force, "force", false, "do not drain: its containers are killed and the volumes on it are lost")
	c.Flags().DurationVar(&timeout, "timeout", 2*time.Minute, "how long the drain may take")
	return c
}

// drainNode empties a node. One that is no Node any more is empty.
func drainNode(ctx context.Context, w io.Writer, c *cluster.Cluster, name string) error {
	n, err := c.Kubernetes().CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	ref := change.Ref{
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, Kind: "Node",
		Name: n.Name, UID: n.UID, ResourceVersion: n.ResourceVersion,
	}
	plan, err := drain.Make(ctx, c, ref, drain.Options{IgnoreDaemonSets: true, DeleteEmptyDirData: true})
	if err != nil {
		return err
	}
	for _, warning := range plan.Warnings {
		fmt.Fprintln(w, "warning:", warning)
	}
	run := drain.Start(ctx, c, change.NewDoor(c), plan)
	<-run.Done()
	if err := run.Err(); err != nil {
		return err
	}
	for _, p := range run.Pods() {
		fmt.Fprintf(w, "evicted %s/%s\n", p.Ref.Namespace, p.Ref.Name)
	}
	return nil
}
