package e2e

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/workqueue"

	"github.com/podarium/podarium/cluster/clustertest"
)

// What a developer of an operator needs: a custom resource, a controller that runs on this machine, an admission webhook
// in the same process reached by its URL, and one in a Pod reached by its Service, as is an API of that Pod's.

var sites = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "sites"}

const siteDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sites.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: sites, singular: site, kind: Site}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns: [{name: Ready, type: integer, jsonPath: .status.ready}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, required: [image], properties: {image: {type: string}, replicas: {type: integer, minimum: 0, default: 1}}}
          status: {type: object, properties: {ready: {type: integer}}}
`

// operate makes a Deployment of each Site and counts its ready Pods, until ctx ends. It is an operator as small as can be.
func operate(ctx context.Context, config *rest.Config, namespace string) error {
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	context.AfterFunc(ctx, queue.ShutDown)
	enqueue := func(o any) {
		if m, ok := o.(metav1.Object); ok {
			queue.Add(m.GetName())
		}
	}
	var synced []cache.InformerSynced
	f := dynamicinformer.NewFilteredDynamicSharedInformerFactory(dyn, 0, namespace, nil)
	for _, r := range []schema.GroupVersionResource{sites, appsv1.SchemeGroupVersion.WithResource("deployments")} {
		h, err := f.ForResource(r).Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: enqueue, UpdateFunc: func(_, o any) { enqueue(o) }})
		if err != nil {
			return err
		}
		synced = append(synced, h.HasSynced)
	}
	f.Start(ctx.Done())
	cache.WaitForCacheSync(ctx.Done(), synced...)
	for {
		name, stop := queue.Get()
		if stop {
			return nil
		}
		if err := reconcile(ctx, kube, dyn, namespace, name); err != nil {
			queue.AddRateLimited(name)
		} else {
			queue.Forget(name)
		}
		queue.Done(name)
	}
}

func reconcile(ctx context.Context, kube kubernetes.Interface, dyn dynamic.Interface, namespace, name string) error {
	site, err := dyn.Resource(sites).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil // the garbage collector removes what it owns
	}
	if err != nil {
		return err
	}
	image, _, _ := unstructured.NestedString(site.Object, "spec", "image")
	replicas, _, _ := unstructured.NestedInt64(site.Object, "spec", "replicas")
	d, err := kube.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		labels := map[string]string{"site": name}
		d = &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(site, site.GroupVersionKind())}},
			Spec: appsv1.DeploymentSpec{
				Replicas: new(int32(replicas)), Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels},
					Spec:       corev1.PodSpec{RuntimeClassName: new("standin"), Containers: []corev1.Container{{Name: "web", Image: image}}},
				},
			},
		}
		_, err = kube.AppsV1().Deployments(namespace).Create(ctx, d, metav1.CreateOptions{})
		return err
	case err != nil:
		return err
	case *d.Spec.Replicas != int32(replicas):
		d.Spec.Replicas = new(int32(replicas))
		_, err = kube.AppsV1().Deployments(namespace).Update(ctx, d, metav1.UpdateOptions{})
		return err
	}
	if err := unstructured.SetNestedField(site.Object, int64(d.Status.ReadyReplicas), "status", "ready"); err != nil {
		return err
	}
	_, err = dyn.Resource(sites).Namespace(namespace).UpdateStatus(ctx, site, metav1.UpdateOptions{})
	return err
}

// admission answers what the API server asks: no Site has more than five replicas, and each is labelled with who looked.
func admission(who string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		var site struct {
			Spec struct{ Replicas int } `json:"spec"`
		}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "no AdmissionReview", http.StatusBadRequest)
			return
		}
		if err := json.Unmarshal(review.Request.Object.Raw, &site); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: site.Spec.Replicas <= 5}
		switch {
		case !review.Response.Allowed:
			review.Response.Result = &metav1.Status{Message: "a Site has five replicas at most"}
		case r.URL.Path == "/mutate":
			review.Response.PatchType = new(admissionv1.PatchTypeJSONPatch)
			review.Response.Patch = fmt.Appendf(nil, `[{"op": "add", "path": "/metadata/labels", "value": {"seen-by": %q}}]`, who)
		}
		review.Request = nil
		_ = json.NewEncoder(w).Encode(review) // the API server has gone
	})
}

// The test binary is also the program of a Pod: serveWebhook is its webhook and its API, with a certificate from a Secret.
func serveWebhook() error {
	mux := http.NewServeMux()
	mux.Handle("/mutate", admission(os.Getenv("HOSTNAME")))
	mux.HandleFunc("/apis/tests.example.com/v1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "tests.example.com/v1", "resources": []}`))
	})
	mux.HandleFunc("/apis/tests.example.com/v1/greeting", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", r.Header.Get("X-Remote-User"))
	})
	dir := filepath.Join(os.Getenv("ROOT"), "certificate")
	return (&http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT_8443"), Handler: mux, ReadHeaderTimeout: 10 * time.Second}).ListenAndServeTLS(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
}

const webhookPod = `
apiVersion: v1
kind: Secret
metadata: {name: certificate}
type: kubernetes.io/tls
data: {tls.crt: CERTIFICATE, tls.key: KEY}
---
apiVersion: v1
kind: Pod
metadata: {name: webhook, labels: {app: webhook}}
spec:
  runtimeClassName: process
  terminationGracePeriodSeconds: 1
  containers:
  - name: webhook
    image: any
    command: [PROGRAM]
    env: [{name: PODARIUM_E2E_ROLE, value: webhook}]
    ports: [{containerPort: 8443, name: https}]
    readinessProbe: {tcpSocket: {port: https}, periodSeconds: 1}
    volumeMounts: [{name: certificate, mountPath: /certificate}]
  volumes: [{name: certificate, secret: {secretName: certificate}}]
---
apiVersion: v1
kind: Service
metadata: {name: webhook}
spec: {selector: {app: webhook}, ports: [{port: 443, targetPort: https}]}
`

const webhooks = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: NAMESPACE}
webhooks:
- name: by-url.example.com
  clientConfig: {url: "https://ADDRESS/validate", caBundle: OUTSIDE}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}
  rules: [{apiGroups: [example.com], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [sites]}]
  sideEffects: None
  admissionReviewVersions: [v1]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: NAMESPACE}
webhooks:
- name: by-service.example.com
  clientConfig: {service: {namespace: NAMESPACE, name: webhook, path: /mutate}, caBundle: INSIDE}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}
  rules: [{apiGroups: [example.com], apiVersions: [v1], operations: [CREATE], resources: [sites]}]
  sideEffects: None
  admissionReviewVersions: [v1]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.tests.example.com}
spec:
  group: tests.example.com
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 100
  caBundle: INSIDE
  service: {namespace: NAMESPACE, name: webhook}
`

func TestOperator(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Nodes: 1, Args: []string{"--runtime", "process"}})
	ns := clustertest.Namespace(t, c)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	fill := func(text string, pairs ...string) string {
		return strings.NewReplacer(append([]string{"NAMESPACE", ns}, pairs...)...).Replace(text)
	}
	encode := base64.StdEncoding.EncodeToString

	// A webhook in this process.
	outside, outsideKey, err := cert.GenerateSelfSignedCertKey("127.0.0.1", []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(outside, outsideKey)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: admission("the test"), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })

	// One in a Pod.
	inside, insideKey, err := cert.GenerateSelfSignedCertKey("webhook."+ns+".svc", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, c, ns, siteDefinition)
	apply(t, c, ns, fill(webhookPod, "CERTIFICATE", encode(inside), "KEY", encode(insideKey), "PROGRAM", self))
	apply(t, c, ns, fill(webhooks, "ADDRESS", l.Addr().String(), "OUTSIDE", encode(outside), "INSIDE", encode(inside)))
	clustertest.Eventually(t, "the webhook's Pod", func() bool { return isReady(get(t, c, ns, "webhook")) })

	// The operator, as its developer runs it: in a process of this machine, by the kubeconfig.
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- operate(ctx, config, ns) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()

	const site = `
apiVersion: example.com/v1
kind: Site
metadata: {name: shop}
spec: {image: "shop:v1", replicas: 2}
`
	file := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(file, []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	clustertest.Eventually(t, "the Site to be admitted by both webhooks", func() bool { // the API server learns of them in its own time
		if _, err := c.TryKubectl(t, "apply", "-n", ns, "-f", file); err != nil {
			return false
		}
		if c.Kubectl(t, "get", "site", "-n", ns, "shop", "-o", "jsonpath={.metadata.labels.seen-by}") == "webhook" {
			return true
		}
		c.Kubectl(t, "delete", "site", "-n", ns, "shop")
		return false
	})
	clustertest.Eventually(t, "the operator to have two Pods and to say so", func() bool {
		out, err := c.TryKubectl(t, "get", "site", "-n", ns, "shop", "--no-headers", "-o", "custom-columns=R:.status.ready")
		return err == nil && strings.TrimSpace(out) == "2"
	})
	c.Kubectl(t, "patch", "site", "-n", ns, "shop", "--type=merge", "-p", `{"spec":{"replicas":3}}`)
	clustertest.Eventually(t, "the operator to scale", func() bool {
		return c.Kubectl(t, "get", "site", "-n", ns, "shop", "-o", "jsonpath={.status.ready}") == "3"
	})
	if _, err := c.TryKubectl(t, "patch", "site", "-n", ns, "shop", "--type=merge", "-p", `{"spec":{"replicas":6}}`); err == nil || !strings.Contains(err.Error(), `admission webhook "by-url.example.com" denied the request: a Site has five replicas at most`) {
		t.Errorf("six replicas: %v", err)
	}
	if _, err := c.TryKubectl(t, "patch", "site", "-n", ns, "shop", "--type=merge", "-p", `{"spec":{"replicas":-1}}`); err == nil || !strings.Contains(err.Error(), "should be greater than or equal to 0") {
		t.Errorf("-1 replicas: %v", err)
	}
	clustertest.Eventually(t, "the Pod's API", func() bool {
		out, err := c.TryKubectl(t, "get", "--raw", "/apis/tests.example.com/v1/greeting")
		return err == nil && strings.HasPrefix(out, "hello ") && len(out) > len("hello ")
	})
	if _, err := c.TryKubectl(t, "wait", "--for=condition=Available", "apiservice/v1.tests.example.com", "--timeout=60s"); err != nil {
		t.Error(err)
	}
	c.Kubectl(t, "delete", "site", "-n", ns, "shop")
	clustertest.Eventually(t, "what the Site owned to be gone", func() bool {
		_, err := c.Kubernetes().AppsV1().Deployments(ns).Get(t.Context(), "shop", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}
