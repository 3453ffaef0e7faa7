package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"
	"k8s.io/component-helpers/storage/ephemeral"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/config"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/kubelet/events"
	kubepod "k8s.io/kubernetes/pkg/kubelet/pod"
	"k8s.io/kubernetes/pkg/kubelet/volumemanager"
	"k8s.io/kubernetes/pkg/volume"
	volumeutil "k8s.io/kubernetes/pkg/volume/util"
	volumetypes "k8s.io/kubernetes/pkg/volume/util/types"
)

// mountTimeout is how long a Pod waits for its volumes before the kubelet says so and tries again, as upstream
// (pkg/kubelet/volumemanager/volume_manager.go, podAttachAndMountTimeout).
const mountTimeout = 2*time.Minute + 3*time.Second

// volumes is a volume manager that sets a Pod's volumes up when the Pod asks for them. The kubelet's own compares what is
// and what should be ten times a second, for the sake of volumes that are attached and mounted by others, and so takes a
// third of a second for each Pod. The volumes themselves are Kubernetes' plugins.
type volumes struct {
	client   kubernetes.Interface
	plugins  *volume.VolumePluginMgr
	pods     kubepod.Manager
	podsDir  string
	recorder record.EventRecorder
	// owner says that this process may give files to other users.
	owner bool

	mu      sync.Mutex
	mounted map[volumetypes.UniquePodName]map[string]mounted
}

type mounted struct {
	plugin  volume.VolumePlugin
	spec    *volume.Spec
	mounter volume.Mounter
}

var _ volumemanager.VolumeManager = (*volumes)(nil)

// Run removes what earlier runs left of Pods that are gone by now.
func (v *volumes) Run(ctx context.Context, ready config.SourcesReady) {
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(context.Context) (bool, error) { return ready.AllReady(), nil })
	if err != nil {
		return // the node ends
	}
	dirs, err := os.ReadDir(v.podsDir)
	if err != nil {
		klog.FromContext(ctx).Error(err, "Cannot look for volumes that earlier runs have left")
		return
	}
	for _, d := range dirs {
		if _, there := v.pods.GetPodByUID(types.UID(d.Name())); there {
			continue
		}
		// Plain directories, never mounts: see noMounts.
		if err := os.RemoveAll(filepath.Join(v.podsDir, d.Name(), "volumes")); err != nil {
			klog.FromContext(ctx).Error(err, "Cannot remove volumes that an earlier run has left", "podUID", d.Name())
		}
	}
}

// WaitForAttachAndMount sets up the volumes that a Pod's containers use, and those again that follow their source.
func (v *volumes) WaitForAttachAndMount(ctx context.Context, pod *corev1.Pod) error {
	used, _, _ := volumeutil.GetPodVolumeNames(pod, false)
	var want []corev1.Volume
	for _, vol := range pod.Spec.Volumes {
		if used.Has(vol.Name) {
			want = append(want, vol)
		}
	}
	if len(want) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, mountTimeout)
	defer cancel()
	backoff := wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Steps: 5, Cap: 3 * time.Second}
	said := sayings{}
	for {
		var missing, unknown []string
		for _, vol := range want {
			known, err := v.setUp(ctx, pod, vol)
			if err == nil {
				continue
			}
			if missing = append(missing, vol.Name); !known {
				unknown = append(unknown, vol.Name)
			} else if said.due(vol.Name) {
				v.recorder.Eventf(pod, corev1.EventTypeWarning, events.FailedMountVolume, "MountVolume.SetUp failed for volume %q : %v", vol.Name, err)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		t := time.NewTimer(backoff.Step())
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			slices.Sort(missing)
			return fmt.Errorf("unmounted volumes=%v, unattached volumes=[], failed to process volumes=%v: %w", missing, unknown, ctx.Err())
		}
	}
}

// sayings are the volumes whose failure has been told, each by an event whenever a kubelet would try again
// (pkg/util/goroutinemap/exponentialbackoff: after half a second, then each time twice as long), however often this one does.
type sayings map[string]*saying

type saying struct {
	next time.Time
	wait time.Duration
}

func (s sayings) due(volume string) bool {
	said := s[volume]
	if said == nil {
		said = &saying{wait: 500 * time.Millisecond}
		s[volume] = said
	}
	now := time.Now()
	if now.Before(said.next) {
		return false
	}
	said.next, said.wait = now.Add(said.wait), 2*said.wait
	return true
}

// setUp makes one volume's files; known says that the volume itself could be found.
func (v *volumes) setUp(ctx context.Context, pod *corev1.Pod, vol corev1.Volume) (known bool, err error) {
	name := volumetypes.UniquePodName(pod.UID)
	v.mu.Lock()
	m, remount := v.mounted[name][vol.Name]
	v.mu.Unlock()
	if remount && !m.plugin.RequiresRemount(m.spec) {
		return true, nil
	}
	if !remount {
		spec, err := v.spec(ctx, pod, vol)
		if err != nil {
			return false, err
		}
		plugin, err := v.plugins.FindPluginBySpec(spec)
		if err != nil {
			return true, err
		}
		m = mounted{plugin: plugin, spec: spec}
	}
	if m.mounter, err = m.plugin.NewMounter(m.spec, pod); err != nil {
		return true, err
	}
	args := volume.MounterArgs{Recorder: v.recorder, IsRemount: remount}
	if e := vol.EmptyDir; e != nil && e.SizeLimit != nil && !e.SizeLimit.IsZero() {
		args.DesiredSize = e.SizeLimit
	}
	if v.owner {
		args.FsUser = volumeutil.FsUserFrom(pod)
		if sc := pod.Spec.SecurityContext; sc != nil {
			args.FsGroup, args.FSGroupChangePolicy = sc.FSGroup, sc.FSGroupChangePolicy
		}
	}
	if err := m.mounter.SetUp(args); err != nil {
		return true, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.mounted[name] == nil {
		v.mounted[name] = map[string]mounted{}
	}
	v.mounted[name][vol.Name] = m
	return true, nil
}

// spec finds the PersistentVolume behind a claim; other volumes are what the Pod says.
func (v *volumes) spec(ctx context.Context, pod *corev1.Pod, vol corev1.Volume) (*volume.Spec, error) {
	claim := vol.PersistentVolumeClaim
	if vol.Ephemeral != nil {
		claim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: ephemeral.VolumeClaimName(pod, &vol)}
	}
	if claim == nil {
		return volume.NewSpecFromVolume(vol.DeepCopy()), nil
	}
	pvc, err := v.client.CoreV1().PersistentVolumeClaims(pod.Namespace).Get(ctx, claim.ClaimName, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("failed to fetch PVC from API server: %w", err)
	}
	if vol.Ephemeral != nil {
		if err := ephemeral.VolumeIsForPod(pod, pvc); err != nil {
			return nil, err
		}
	}
	switch {
	case pvc.DeletionTimestamp != nil && !slices.Contains(pvc.Finalizers, volumeutil.PVCProtectionFinalizer):
		return nil, errors.New("PVC is being deleted")
	case pvc.Status.Phase != corev1.ClaimBound || pvc.Spec.VolumeName == "":
		return nil, errors.New("PVC is not bound")
	}
	pv, err := v.client.CoreV1().PersistentVolumes().Get(ctx, pvc.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("failed to fetch PV %s from API server: %w", pvc.Spec.VolumeName, err)
	}
	if pv.Spec.ClaimRef == nil || pv.Spec.ClaimRef.UID != pvc.UID {
		return nil, fmt.Errorf("PV %s is not bound to PVC %s", pv.Name, pvc.Name)
	}
	if mode := pv.Spec.VolumeMode; mode != nil && *mode != corev1.PersistentVolumeFilesystem {
		return nil, fmt.Errorf("volume %s has volumeMode %s: podarium has no block devices", vol.Name, *mode)
	}
	return volume.NewSpecFromPersistentVolume(pv, claim.ReadOnly), nil
}

// WaitForUnmount removes a Pod's volumes.
func (v *volumes) WaitForUnmount(_ context.Context, pod *corev1.Pod) error {
	name := volumetypes.UniquePodName(pod.UID)
	v.mu.Lock()
	ms := v.mounted[name]
	delete(v.mounted, name)
	v.mu.Unlock()
	var errs []error
	for volumeName, m := range ms {
		u, err := m.plugin.NewUnmounter(m.spec.Name(), pod.UID)
		if err == nil {
			err = u.TearDown()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("UnmountVolume.TearDown failed for volume %q : %w", volumeName, err))
		}
	}
	if err := os.RemoveAll(filepath.Join(v.podsDir, string(pod.UID), subPathsDir)); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 && len(ms) > 0 {
		// What an earlier run of the process has set up for this Pod and this one has not.
		return os.RemoveAll(filepath.Join(v.podsDir, string(pod.UID), "volumes"))
	}
	return errors.Join(errs...)
}

// WaitForAllPodsUnmount removes the volumes of several Pods.
func (v *volumes) WaitForAllPodsUnmount(ctx context.Context, pods []*corev1.Pod) error {
	var errs []error
	for _, p := range pods {
		errs = append(errs, v.WaitForUnmount(ctx, p))
	}
	return errors.Join(errs...)
}

// GetMountedVolumesForPod gives a Pod's volumes by name.
func (v *volumes) GetMountedVolumesForPod(pod volumetypes.UniquePodName) kubecontainer.VolumeMap {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := kubecontainer.VolumeMap{}
	for name, m := range v.mounted[pod] {
		out[name] = kubecontainer.VolumeInfo{Mounter: m.mounter, ReadOnly: m.spec.ReadOnly, InnerVolumeSpecName: m.spec.Name()}
	}
	return out
}

// HasPossiblyMountedVolumesForPod says whether a Pod has volumes.
func (v *volumes) HasPossiblyMountedVolumesForPod(pod volumetypes.UniquePodName) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.mounted[pod]) > 0
}

// ResizeEphemeralVolume accepts every size: an emptyDir is a directory without a limit.
func (v *volumes) ResizeEphemeralVolume(_ *corev1.Pod, name string, _ *resource.Quantity) error {
	if strings.TrimSpace(name) == "" {
		return errors.New("volume without a name")
	}
	return nil
}

// The rest is about volumes that are attached to a node; there are none.

// GetExtraSupplementalGroupsForPod has none.
func (v *volumes) GetExtraSupplementalGroupsForPod(*corev1.Pod) []int64 { return nil }

// GetVolumesInUse has none.
func (v *volumes) GetVolumesInUse() []corev1.UniqueVolumeName { return nil }

// ReconcilerStatesHasBeenSynced is always true.
func (v *volumes) ReconcilerStatesHasBeenSynced() bool { return true }

// VolumeIsAttached is always true.
func (v *volumes) VolumeIsAttached(corev1.UniqueVolumeName) bool { return true }

// MarkVolumesAsReportedInUse has nothing to mark.
func (v *volumes) MarkVolumesAsReportedInUse([]corev1.UniqueVolumeName) {}
