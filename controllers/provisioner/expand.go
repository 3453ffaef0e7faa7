package provisioner

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// reserve is how much of a disk has to be free for a new volume, in bytes: on a full one nothing could be written to it.
const reserve = 16 << 20

// fits says why a volume of a size cannot be had below a directory; nil where it can.
func (c *controller) fits(dir, root string, size resource.Quantity) error {
	available, capacity, err := c.disk(dir)
	switch {
	case err != nil:
		return nil // where it cannot be asked, writing will tell
	case size.Cmp(*resource.NewQuantity(capacity, resource.BinarySI)) > 0:
		return fmt.Errorf("%s is asked for, and the disk of %s holds %dMi", size.String(), root, capacity>>20)
	case available < reserve:
		return fmt.Errorf("the disk of %s is full, %dMi of %dMi are free: remove something there, it is tried again", root, available>>20, capacity>>20)
	}
	return nil
}

// expand makes a volume as large as its claim asks for, where its class allows that (allowVolumeExpansion; the API server
// asks). Since sizes are not enforced there is no more to it than to say so, as long as the disk could hold it.
func (c *controller) expand(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	want := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if have := claim.Status.Capacity[corev1.ResourceStorage]; claim.Status.Phase != corev1.ClaimBound || claim.DeletionTimestamp != nil || want.Cmp(have) <= 0 {
		return nil
	}
	pv, err := c.volumes.Get(claim.Spec.VolumeName)
	if err != nil || pv.Annotations[annProvisionedBy] != Name {
		return client(err) // not one of ours
	}
	root := c.o.NodeRoot(nodeOf(pv))
	if err := c.fits(root, root, want); err != nil {
		c.recorder.Event(claim, corev1.EventTypeWarning, "VolumeResizeFailed", err.Error())
		return err
	}
	capacity := map[string]any{"capacity": corev1.ResourceList{corev1.ResourceStorage: want}}
	if have := pv.Spec.Capacity[corev1.ResourceStorage]; want.Cmp(have) > 0 {
		patch, err := json.Marshal(map[string]any{"spec": capacity})
		if err != nil {
			return err
		}
		if _, err := c.o.Client.CoreV1().PersistentVolumes().Patch(ctx, pv.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return client(err)
		}
	}
	patch, err := json.Marshal(map[string]any{"status": capacity})
	if err != nil {
		return err
	}
	if _, err := c.o.Client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
		return client(err)
	}
	c.recorder.Eventf(claim, corev1.EventTypeNormal, "VolumeResizeSuccessful", "Volume %s is %s now", pv.Name, want.String())
	return nil
}
