package metrics

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/controllers/podnet"
)

// register makes the API known; it tries until it has done so or ctx ends.
func register(ctx context.Context, o Options) {
	_ = wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		if err := publish(ctx, o); err != nil {
			klog.FromContext(ctx).V(2).Info("The metrics API is not registered yet", "err", err)
			return false, nil
		}
		return true, nil
	})
}

func there(err error) bool { return err == nil || apierrors.IsAlreadyExists(err) }

func publish(ctx context.Context, o Options) error {
	_, err := o.Client.CoreV1().Services(metav1.NamespaceSystem).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: serviceName, Labels: map[string]string{"k8s-app": serviceName}},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "https", Port: 443}}},
	}, metav1.CreateOptions{})
	if !there(err) {
		return fmt.Errorf("service: %w", err)
	}
	_, err = o.Client.DiscoveryV1().EndpointSlices(metav1.NamespaceSystem).Create(ctx, &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: serviceName, Labels: map[string]string{discoveryv1.LabelServiceName: serviceName, discoveryv1.LabelManagedBy: "podarium"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{podnet.Gateway.String()}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
		Ports:       []discoveryv1.EndpointPort{{Name: new("https"), Port: new(int32(port)), Protocol: new(corev1.ProtocolTCP)}},
	}, metav1.CreateOptions{})
	if !there(err) {
		return fmt.Errorf("endpoints: %w", err)
	}
	services := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	_, err = o.Dynamic.Resource(services).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": "v1beta1.metrics.k8s.io"},
		"spec": map[string]any{
			"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": int64(100), "versionPriority": int64(100),
			"service":  map[string]any{"name": serviceName, "namespace": metav1.NamespaceSystem, "port": int64(443)},
			"caBundle": base64.StdEncoding.EncodeToString(o.CA),
		},
	}}, metav1.CreateOptions{})
	if !there(err) {
		return fmt.Errorf("APIService: %w", err)
	}
	return nil
}
