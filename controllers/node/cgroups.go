package node

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/cm"
)

// noCgroups is a container manager for a process without cgroups: upstream's stub, which reports an error for the limits
// of every Pod that ends.
type noCgroups struct{ cm.ContainerManager }

func newContainerManager() cm.ContainerManager { return noCgroups{cm.NewStubContainerManager()} }

func (c noCgroups) NewPodContainerManager() cm.PodContainerManager {
	return noPodCgroups{c.ContainerManager.NewPodContainerManager()}
}

type noPodCgroups struct{ cm.PodContainerManager }

func (noPodCgroups) GetPodCgroupConfig(*corev1.Pod, corev1.ResourceName) (*cm.ResourceConfig, error) {
	return &cm.ResourceConfig{Memory: new(int64), CPUShares: new(uint64), CPUQuota: new(int64), CPUPeriod: new(uint64)}, nil
}

func (noPodCgroups) SetPodCgroupConfig(klog.Logger, *corev1.Pod, *cm.ResourceConfig) error {
	return nil
}
