package node

import (
	"context"
	"runtime"
	"time"

	cadvisor "github.com/google/cadvisor/lib/model"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/controllers/node/containers"
)

// machine tells the kubelet what it runs on: the host's processors, memory and operating system. It counts nothing.
type machine struct {
	memory     uint64
	kernel, os string
	node       string
	usage      func() containers.Usage
	started    time.Time
}

func newMachine(node string, usage func() containers.Usage) machine {
	kernel, os := systemVersion()
	return machine{memory: totalMemory(), kernel: kernel, os: os, node: node, usage: usage, started: time.Now()}
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

// ContainerInfoV2 knows one cgroup, the node's: what its containers use together.
func (m machine) ContainerInfoV2(name string, _ cadvisor.RequestOptions) (map[string]cadvisor.ContainerInfo, error) {
	if name != "/" {
		return map[string]cadvisor.ContainerInfo{}, nil
	}
	u := m.usage()
	stats := &cadvisor.ContainerStats{
		Timestamp: time.Now(),
		Cpu:       &cadvisor.CpuStats{Usage: cadvisor.CpuUsage{Total: uint64(u.CPU)}},
		Memory:    &cadvisor.MemoryStats{Usage: u.Memory, WorkingSet: u.Memory, RSS: u.Memory},
	}
	return map[string]cadvisor.ContainerInfo{name: {
		Spec:  cadvisor.ContainerSpec{CreationTime: m.started, HasCpu: true, HasMemory: true, Memory: cadvisor.MemorySpec{Limit: m.memory}},
		Stats: []*cadvisor.ContainerStats{stats},
	}}, nil
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
