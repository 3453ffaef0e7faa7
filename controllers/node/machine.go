package node

import (
	"context"
	"runtime"

	cadvisor "github.com/google/cadvisor/lib/model"
	"k8s.io/klog/v2"
)

// machine tells the kubelet what it runs on: the host's processors, memory and operating system. It counts nothing.
type machine struct {
	memory     uint64
	kernel, os string
	node       string
}

func newMachine(node string) machine {
	kernel, os := systemVersion()
	return machine{memory: totalMemory(), kernel: kernel, os: os, node: node}
}

func (m machine) Start() error { return nil }

func (m machine) MachineInfo(klog.Logger) (*cadvisor.MachineInfo, error) {
	return &cadvisor.MachineInfo{
		NumCores: runtime.NumCPU(), MemoryCapacity: m.memory,
		MachineID: m.node, SystemUUID: m.node, BootID: m.node, InstanceID: cadvisor.InstanceID(m.node),
	}, nil
}

func (m machine) VersionInfo() (*cadvisor.VersionInfo, error) {
	return &cadvisor.VersionInfo{KernelVersion: m.kernel, ContainerOsVersion: m.os}, nil
}

func (m machine) ContainerInfoV2(string, cadvisor.RequestOptions) (map[string]cadvisor.ContainerInfo, error) {
	return map[string]cadvisor.ContainerInfo{}, nil
}

func (m machine) GetRequestedContainersInfo(string, cadvisor.RequestOptions) (map[string]*cadvisor.ContainerInfo, error) {
	return map[string]*cadvisor.ContainerInfo{}, nil
}

func (m machine) ImagesFsInfo(context.Context) (cadvisor.FsInfo, error) {
	return cadvisor.FsInfo{}, nil
}

func (m machine) RootFsInfo() (cadvisor.FsInfo, error) { return cadvisor.FsInfo{}, nil }

func (m machine) ContainerFsInfo(context.Context) (cadvisor.FsInfo, error) {
	return cadvisor.FsInfo{}, nil
}

func (m machine) GetDirFsInfo(string) (cadvisor.FsInfo, error) { return cadvisor.FsInfo{}, nil }
