package inspect

import (
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web-6f9c7d-x2k1
  namespace: shop
  labels: {app: web}
  managedFields: [{manager: kubelet}, {manager: kube-controller-manager}]
spec:
  nodeName: node-2
  containers:
  - name: web
    image: nginx:1.27
    ports: [{containerPort: 80}]
status: {phase: Running, podIP: 10.244.1.7, ready: true}
`

const secret = `apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
type: Opaque
data: {password: aHVudGVyMg==, user: YWRtaW4=}
`

const described = `Name:             web-6f9c7d-x2k1
Namespace:        shop
Labels:           app=web
Status:           Running
Containers:
  web:
    Image:          nginx:1.27
    State:          Waiting
      Reason:       CrashLoopBackOff
Events:
  Type     Reason     Age   From     Message
  ----     ------     ----  ----     -------
  Normal   Pulled     2m    kubelet  Container image "nginx:1.27" already present on machine
  Warning  BackOff    9s    kubelet  Back-off restarting failed container web in pod web-6f9c7d-x2k1
`

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestGoldenInspect(t *testing.T) {
	h, s := screentest.New(t, nil)
	object := func(resource, name string) screen.Object {
		return screen.Object{Resource: schema.GroupVersionResource{Version: "v1", Resource: resource}, Namespace: "shop", Name: name}
	}
	v := &view{scope: s, object: object("pods", "web-6f9c7d-x2k1"), what: "yaml", keys: yamlKeys}
	screentest.Sized(t, h, "reading", v, 80, 24)
	v.show(yamlLines(parse(t, pod), false, shown{}))
	screentest.AllSizes(t, h, "yaml", v)
	changed := parse(t, pod)
	_ = unstructured.SetNestedField(changed.Object, "Failed", "status", "phase") // the field is there
	v.show(yamlLines(changed, false, shown{managed: true}))
	if err := v.Filter("web"); err != nil {
		t.Fatal(err)
	}
	screentest.Sized(t, h, "yaml-changed", v, 80, 24)
	v.err = errors.New(`pods "web-6f9c7d-x2k1" not found`)
	screentest.Sized(t, h, "gone", v, 80, 24)

	v = &view{scope: s, object: object("secrets", "db"), what: "yaml", keys: yamlKeys}
	v.show(yamlLines(parse(t, secret), true, shown{}))
	screentest.Sized(t, h, "secret", v, 80, 24)
	v.show(yamlLines(parse(t, secret), true, shown{secrets: true}))
	screentest.Sized(t, h, "secret-shown", v, 80, 24)

	v = &view{scope: s, object: object("pods", "web-6f9c7d-x2k1"), what: "describe", keys: describeKeys}
	v.show(colourDescribe(described))
	screentest.AllSizes(t, h, "describe", v)
}
