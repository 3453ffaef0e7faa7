package decode

import (
	"fmt"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubernetes "k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	apiregistrationv1beta1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1beta1"
)

// known holds every type that can be decoded from protobuf: those of k8s.io/api, and the two that servers beside
// the main one store.
var known = sync.OnceValue(func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		kubernetes.AddToScheme,
		apiextensionsv1.AddToScheme, apiextensionsv1beta1.AddToScheme,
		apiregistrationv1.AddToScheme, apiregistrationv1beta1.AddToScheme,
	} {
		if err := add(s); err != nil {
			panic(fmt.Sprintf("decode: %v", err)) // two libraries disagree about a type: a fault of the build
		}
	}
	return s
})

// protobufObject is a type that decodes itself, as all types of k8s.io/api do.
type protobufObject interface {
	runtime.Object
	Unmarshal([]byte) error
}

// newObject makes an empty object of a kind; it is false for kinds that are not known.
func newObject(gvk schema.GroupVersionKind) (protobufObject, bool) {
	o, err := known().New(gvk)
	if err != nil {
		return nil, false
	}
	p, ok := o.(protobufObject)
	return p, ok
}
