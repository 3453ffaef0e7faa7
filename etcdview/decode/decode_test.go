package decode

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"sigs.k8s.io/yaml"
)

// encode writes an object as an API server stores it.
func encode(t testing.TB, o runtime.Object, gvk schema.GroupVersionKind) []byte {
	t.Helper()
	o.GetObjectKind().SetGroupVersionKind(gvk)
	var b bytes.Buffer
	if err := protobuf.NewSerializer(known(), known()).Encode(o, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pod(t testing.TB) []byte {
	return encode(t, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", Labels: map[string]string{"app": "web"},
			ManagedFields: []metav1.ManagedFieldsEntry{
				{Manager: "kubectl", Operation: "Update", Time: &metav1.Time{Time: metav1.Now().Add(-1e9).Truncate(1e9)}},
				{Manager: "kubelet", Operation: "Update", Subresource: "status", Time: &metav1.Time{Time: metav1.Now().Truncate(1e9)}}}},
		Spec:   corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx:1"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}, corev1.SchemeGroupVersion.WithKind("Pod"))
}

func secret(t testing.TB) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "default", Annotations: map[string]string{lastApplied: `{"data":{"pw":"aHVudGVyMg=="}}`}},
		Data:       map[string][]byte{"pw": []byte("hunter2")},
	}
}

func TestEveryBuiltinKind(t *testing.T) {
	n := 0
	for gvk := range known().AllKnownTypes() {
		if gvk.Version == runtime.APIVersionInternal || strings.HasSuffix(gvk.Kind, "List") {
			continue
		}
		o, ok := newObject(gvk)
		if !ok {
			continue
		}
		if _, ok := o.(metav1.ObjectMetaAccessor); !ok {
			continue // options, reviews and such, which are not stored
		}
		o.(metav1.ObjectMetaAccessor).GetObjectMeta().SetName("x")
		v := Decode(t.Context(), "k", encode(t, o, gvk), Options{ShowSecrets: true})
		if v.Form != Protobuf || v.Err != nil || v.StoredAs != gvk {
			t.Errorf("%v: %s, %v", gvk, v.Label(), v.Err)
			continue
		}
		if y, err := v.YAML(); err != nil || !strings.Contains(string(y), "kind: "+gvk.Kind) || !strings.Contains(string(y), "name: x") {
			t.Errorf("%v: %v\n%s", gvk, err, y)
		}
		n++
	}
	if n < 120 {
		t.Errorf("only %d kinds were tried", n)
	}
}

func TestForms(t *testing.T) {
	crd := schema.GroupVersionKind{Group: "x.example.com", Version: "v1", Kind: "Thing"}
	cr := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "x.example.com/v1", "kind": "Thing", "metadata": map[string]any{"name": "a"}, "big": int64(9007199254740993)}}
	var inCBOR bytes.Buffer
	if err := cbor.NewSerializer(known(), known()).Encode(cr, &inCBOR); err != nil {
		t.Fatal(err)
	}
	inJSON, err := json.Marshal(cr)
	if err != nil {
		t.Fatal(err)
	}
	unknown := encode(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "cm"}, Data: map[string]string{"a": "b"}}, schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"})
	unknown = bytes.Replace(unknown, []byte("ConfigMap"), []byte("ConfigZap"), 1)
	for name, c := range map[string]struct {
		key   string
		value []byte
		form  Form
		gvk   schema.GroupVersionKind
		want  string // in the YAML
		err   string
	}{
		"pod":              {"/registry/pods/default/web", pod(t), Protobuf, corev1.SchemeGroupVersion.WithKind("Pod"), "image: nginx:1", ""},
		"custom resource":  {"/registry/x.example.com/things/a", inJSON, JSON, crd, "big: 9007199254740993", ""},
		"CBOR":             {"/registry/x.example.com/things/a", inCBOR.Bytes(), CBOR, crd, "big: 9007199254740993", ""},
		"unknown protobuf": {"/registry/configzaps/ns/cm", unknown, Structure, corev1.SchemeGroupVersion.WithKind("ConfigZap"), "name: cm", "type not known"},
		"damaged protobuf": {"/registry/pods/default/web", append(pod(t)[:200], 0xff), Binary, schema.GroupVersionKind{}, "base64:", "envelope"},
		"compaction":       {"compact_rev_key", []byte("12345"), Number, schema.GroupVersionKind{}, "12345", ""},
		"leading zeros":    {"k", []byte("007"), Number, schema.GroupVersionKind{}, "007", ""},
		"text":             {"k", []byte("hello\nwörld"), Text, schema.GroupVersionKind{}, "wörld", ""},
		"text with brace":  {"k", []byte("{{ template }}"), Text, schema.GroupVersionKind{}, "{{ template }}", ""},
		"text for a pod":   {"/registry/pods/default/web", []byte("hello"), Text, schema.GroupVersionKind{}, "hello", "expected at this key"},
		"bytes":            {"k", []byte{0xff, 0, 1, 2}, Binary, schema.GroupVersionKind{}, "base64: /wABAg==", ""},
		"empty":            {"k", nil, Empty, schema.GroupVersionKind{}, "", ""},
		"foreign protobuf": {"k", []byte("\x0a\x03abc\x10\x96\x01\x0a\x02de"), Structure, schema.GroupVersionKind{}, `"2": 150`, ""},
		"master lease":     {"/registry/masterleases/10.0.0.1", encode(t, &corev1.Endpoints{}, corev1.SchemeGroupVersion.WithKind("Endpoints")), Protobuf, corev1.SchemeGroupVersion.WithKind("Endpoints"), "kind: Endpoints", ""}, //nolint:staticcheck // what is stored
		"range":            {"/registry/ranges/servicenodeports", encode(t, &corev1.RangeAllocation{Range: "30000-32767"}, corev1.SchemeGroupVersion.WithKind("RangeAllocation")), Protobuf, corev1.SchemeGroupVersion.WithKind("RangeAllocation"), "range: 30000-32767", ""},
		"encrypted":        {"/registry/secrets/a/b", []byte("k8s:enc:aescbc:v1:key1:\x00\x01"), Encrypted, schema.GroupVersionKind{}, "encrypted with aescbc, key key1", ""},
		"kms v2":           {"/registry/secrets/a/b", []byte("k8s:enc:kms:v2:plugin:\x0a\x02xx\x12\x05id-42"), Encrypted, schema.GroupVersionKind{}, "kms v2, key plugin (id-42)", ""},
		"encrypted, cut":   {"/registry/secrets/a/b", []byte("k8s:enc:aes"), Encrypted, schema.GroupVersionKind{}, "encrypted with aes", ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := Decode(t.Context(), c.key, c.value, Options{})
			if v.Form != c.form || v.StoredAs != c.gvk {
				t.Errorf("%s, %v; want %s, %v", v.Form, v.StoredAs, c.form, c.gvk)
			}
			if c.err == "" && v.Err != nil || c.err != "" && (v.Err == nil || !strings.Contains(v.Err.Error(), c.err)) {
				t.Errorf("error %v, want %q", v.Err, c.err)
			}
			y, err := v.YAML()
			if err != nil || !strings.Contains(string(y), c.want) {
				t.Errorf("%v\n%s\nwant %s", err, y, c.want)
			}
			if _, err := v.JSON(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSecretsAreMasked(t *testing.T) {
	gvk := corev1.SchemeGroupVersion.WithKind("Secret")
	stored := encode(t, secret(t), gvk)
	asJSON, err := json.Marshal(secret(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key   string
		value []byte
	}{
		"protobuf":        {"/registry/secrets/default/s", stored},
		"JSON":            {"/registry/secrets/default/s", asJSON},
		"another key":     {"/backup/s", stored},
		"another prefix":  {"/elsewhere/secrets/default/s", stored},
		"text":            {"/registry/secrets/default/s", []byte("hunter2")},
		"damaged":         {"/registry/secrets/default/s", append(bytes.Clone(stored), 0x0a)},
		"damaged message": {"/registry/secrets/default/s", bytes.Replace(stored, []byte("default"), []byte("\xff\xff\xff\xff\xff\xff\xff"), 1)},
		"binary":          {"/registry/secrets/default/s", append([]byte{0xff}, "hunter2"...)},
	} {
		t.Run(name, func(t *testing.T) {
			v := Decode(t.Context(), c.key, c.value, Options{})
			y, err := v.YAML()
			if err != nil {
				t.Fatal(err)
			}
			j, err := v.JSON()
			if err != nil {
				t.Fatal(err)
			}
			for _, leak := range []string{"hunter2", "aHVudGVyMg", "dW50ZXIy"} {
				if strings.Contains(string(y), leak) || strings.Contains(string(j), leak) {
					t.Errorf("%s is shown:\n%s", leak, y)
				}
			}
			if !v.Masked() || !strings.Contains(string(y), "masked") {
				t.Errorf("not marked as masked:\n%s", y)
			}
		})
	}
	v := Decode(t.Context(), "/registry/secrets/default/s", stored, Options{ShowSecrets: true})
	if y, err := v.YAML(); err != nil || !strings.Contains(string(y), "aHVudGVyMg==") || v.Masked() {
		t.Errorf("asked for, yet not shown: %v\n%s", err, y)
	}
	if !bytes.Equal(v.Raw, stored) {
		t.Error("the stored bytes are changed")
	}
}

func TestWriter(t *testing.T) {
	now := Decode(t.Context(), "/registry/pods/default/web", pod(t), Options{})
	if w, ok := WriterOf(&now, nil); !ok || w.Manager != "kubelet" || w.Subresource != "status" {
		t.Errorf("last writer %+v, %v", w, ok)
	}
	o := now.Typed().DeepCopyObject().(*corev1.Pod)
	o.ManagedFields[0].Time = &metav1.Time{Time: o.ManagedFields[1].Time.Time}
	later := Decode(t.Context(), "/registry/pods/default/web", encode(t, o, corev1.SchemeGroupVersion.WithKind("Pod")), Options{})
	if w, ok := WriterOf(&later, &now); !ok || w.Manager != "kubectl" {
		t.Errorf("writer of the change %+v, %v", w, ok)
	}
	o.Spec.SchedulerName, o.Spec.NodeName = corev1.DefaultSchedulerName, ""
	waiting := Decode(t.Context(), "/registry/pods/default/web", encode(t, o, corev1.SchemeGroupVersion.WithKind("Pod")), Options{})
	o.Spec.NodeName = "node-1"
	bound := Decode(t.Context(), "/registry/pods/default/web", encode(t, o, corev1.SchemeGroupVersion.WithKind("Pod")), Options{})
	if w, ok := WriterOf(&bound, &waiting); !ok || w.Manager != corev1.DefaultSchedulerName || w.Subresource != "binding" {
		t.Errorf("who bound it is %+v, %v", w, ok)
	}
}

func TestPeekSaysWhatDecodeSays(t *testing.T) {
	widget := []byte(`{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"}}`)
	cbor := []byte("\xd9\xd9\xf7\xa1\x61a\x01")
	for want, b := range map[string][]byte{"v1 Pod": pod(t), "example.com/v1 Widget": widget, "cbor": cbor, "json": []byte(`{"a":1}`), "number": []byte("12"),
		"text": []byte("hello"), "binary": {0xff, 0}, "empty": nil, "encrypted with aescbc, key key1": []byte("k8s:enc:aescbc:v1:key1:xxxx")} {
		if got := Peek(b); got != want {
			t.Errorf("%q: %s, want %s", b, got, want)
		}
		if v := Decode(t.Context(), "/registry/example.com/widgets/a/a", b, Options{}); !strings.HasPrefix(v.Label(), want) {
			t.Errorf("decoded it is %s, not %s", v.Label(), want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range [][]byte{pod(f), encode(f, secret(f), corev1.SchemeGroupVersion.WithKind("Secret")), []byte(`{"apiVersion":"v1","kind":"Secret","data":[1]}`),
		[]byte("\xd9\xd9\xf7\xa1\x61a\x01"), []byte("k8s:enc:kms:v2:x:\x12\x01a"), []byte("k8s\x00"), []byte("123"), []byte("\x0a\x03abc"), nil} {
		f.Add("/registry/pods/a/b", b)
		f.Add("/registry/secrets/a/b", b)
	}
	f.Fuzz(func(t *testing.T, key string, b []byte) {
		v := Decode(t.Context(), key, b, Options{})
		if !bytes.Equal(v.Raw, b) || v.Form == "" {
			t.Errorf("form %q; the stored bytes are changed", v.Form)
		}
		if y, err := v.YAML(); err == nil && v.Form != Text && v.Form != Empty {
			var back any
			if err := yaml.Unmarshal(y, &back); err != nil {
				t.Errorf("YAML that cannot be read: %v\n%s", err, y)
			}
		}
		t1, err1 := v.Tree()
		t2, err2 := v.Tree()
		if (err1 == nil) != (err2 == nil) || !reflect.DeepEqual(t1, t2) {
			t.Error("two renderings differ")
		}
		_, _, _, _ = v.Label(), v.Hex(), v.Base64(), v.Metadata()
		if Peek(b) == "" {
			t.Error("a peek says nothing")
		}
		_, _ = WriterOf(&v, &v)
	})
}

// realisticPod has what a Pod of a Deployment has: a projected token, tolerations, conditions, managedFields.
func realisticPod(b *testing.B) []byte {
	b.Helper()
	fields := func(n int) *metav1.FieldsV1 {
		return metav1.NewFieldsV1(`{"f:metadata":{` + strings.Repeat(`"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},`, n) + `"f:x":{}}}`)
	}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-6c4c55c5b9-x2kq1", GenerateName: "web-6c4c55c5b9-", Namespace: "default", UID: "4a82d36a-5780-47cd-8db0-396a70ccf76e",
		Labels:          map[string]string{"app": "web", "pod-template-hash": "6c4c55c5b9"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-6c4c55c5b9", UID: "4a82d36a-5780-47cd-8db0-396a70ccf76f"}},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", Operation: "Update", FieldsType: "FieldsV1", FieldsV1: fields(12)},
			{Manager: "kubelet", Operation: "Update", Subresource: "status", FieldsType: "FieldsV1", FieldsV1: fields(16)}}}}
	p.Spec.Volumes = []corev1.Volume{{Name: "kube-api-access-7xk2p", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}}, {ConfigMap: &corev1.ConfigMapProjection{Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}}}}}}}
	c := corev1.Container{Name: "web", Image: "registry.example.com/team/web:1.27.3", ImagePullPolicy: "IfNotPresent", TerminationMessagePath: "/dev/termination-log",
		VolumeMounts: []corev1.VolumeMount{{Name: "kube-api-access-7xk2p", ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"}},
		Ports:        []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: "TCP"}}}
	for _, n := range []string{"DATABASE_URL", "LOG_LEVEL", "POD_NAME", "REGION"} {
		c.Env = append(c.Env, corev1.EnvVar{Name: n, Value: "the value of " + n})
	}
	p.Spec.Containers, p.Spec.NodeName, p.Spec.ServiceAccountName = []corev1.Container{c}, "node-1", "default"
	p.Spec.Tolerations = []corev1.Toleration{{Key: "node.kubernetes.io/not-ready", Operator: "Exists", Effect: "NoExecute"}, {Key: "node.kubernetes.io/unreachable", Operator: "Exists", Effect: "NoExecute"}}
	for _, t := range []corev1.PodConditionType{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: t, Status: "True", LastTransitionTime: metav1.Now()})
	}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", Ready: true, Image: c.Image, ImageID: "sha256:" + strings.Repeat("9f86d081", 8), ContainerID: "podarium://" + strings.Repeat("9f86d081", 8)}}
	return encode(b, p, corev1.SchemeGroupVersion.WithKind("Pod"))
}

// BenchmarkDecodePod decodes into the type, as a survey or a search does for each value; BenchmarkPodAsYAML also renders.
func BenchmarkDecodePod(b *testing.B) {
	value := realisticPod(b)
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		if v := Decode(b.Context(), "/registry/pods/default/web-6c4c55c5b9-x2kq1", value, Options{}); v.Err != nil {
			b.Fatal(v.Err)
		}
	}
}

func BenchmarkPodAsYAML(b *testing.B) {
	value := realisticPod(b)
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		v := Decode(b.Context(), "/registry/pods/default/web-6c4c55c5b9-x2kq1", value, Options{})
		if _, err := v.YAML(); err != nil {
			b.Fatal(err)
		}
	}
}
