package scheduler

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
)

//go:embed profiles.yaml
var profiles []byte

// CheckConfig says what is wrong with a file of a KubeSchedulerConfiguration; empty is none.
func CheckConfig(file string) error {
	_, err := configuration(file)
	return err
}

// writeConfiguration writes, beside the kubeconfig, what the scheduler is to read: it takes its configuration from a file
// only (cmd/kube-scheduler/app/server.go, Setup).
func writeConfiguration(o Options) (file string, err error) {
	c, err := configuration(o.ConfigFile)
	if err != nil {
		return "", err
	}
	c.ClientConnection.Kubeconfig = o.Kubeconfig
	c.ClientConnection.QPS, c.ClientConnection.Burst = 10000, 10000 // the API server's priority and fairness limits it
	c.EnableProfiling = false
	info, ok := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	if !ok {
		return "", errors.New("it cannot be written as YAML")
	}
	b, err := runtime.Encode(scheme.Codecs.EncoderForVersion(info.Serializer, configv1.SchemeGroupVersion), c)
	if err != nil {
		return "", err
	}
	file = o.file()
	return file, os.WriteFile(file, b, 0o600)
}

// configuration reads a file, or podarium's own.
func configuration(file string) (*config.KubeSchedulerConfiguration, error) {
	data, name := profiles, "profiles.yaml"
	if file != "" {
		var err error
		if data, err = os.ReadFile(file); err != nil {
			return nil, err
		}
		name = file
	}
	obj, kind, err := scheme.Codecs.UniversalDecoder().Decode(data, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c, ok := obj.(*config.KubeSchedulerConfiguration)
	if !ok {
		return nil, fmt.Errorf("%s: it is a %s and no KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1", name, kind)
	}
	if err := validation.ValidateKubeSchedulerConfiguration(c); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}
