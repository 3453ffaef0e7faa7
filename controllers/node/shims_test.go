package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet"
	kubepod "k8s.io/kubernetes/pkg/kubelet/pod"
	"k8s.io/kubernetes/pkg/kubelet/status"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"

	"github.com/podarium/podarium/controllers/podnet"
)

// certificate writes a self-signed one, which serves as its own authority.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "c.crt"), filepath.Join(dir, "c.key")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: kb}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// Two kubelets in one process, without an API server: every shim must hold, or one of them does not start. When this fails
// after an upgrade of Kubernetes, the error names the field or the line that has changed.
func TestTwoKubeletsInOneProcess(t *testing.T) {
	if err := Prepare(); err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(http.NotFoundHandler())
	defer api.Close()
	cert, key := certificate(t)
	network := podnet.New()
	for _, name := range []string{"node-1", "node-2"} {
		n, err := Start(t.Context(), Options{
			Name: name, Dir: filepath.Join(t.TempDir(), name), Config: &rest.Config{Host: api.URL},
			ServingCertFile: cert, ServingKeyFile: key, ClientCAFile: cert, Network: network,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestFieldNamesWhatHasChanged(t *testing.T) {
	_, err := field[int](reflect.ValueOf(&kubelet.Kubelet{}), "noSuchField")
	if err == nil || !strings.Contains(err.Error(), "noSuchField") {
		t.Errorf("a field that is gone: %v", err)
	}
	_, err = field[int](reflect.ValueOf(&kubelet.Kubelet{}), "rootDirectory")
	if err == nil || !strings.Contains(err.Error(), "rootDirectory") {
		t.Errorf("a field of another type: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, o := range map[string]Options{
		"node name":       {Name: "Not_A_Name", Dir: "/x"},
		"is not absolute": {Name: "n", Dir: "x"},
		"configuration":   {Name: "n", Dir: "/x"},
	} {
		if err := o.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error about %q", o, err, want)
		}
	}
}

func TestConfinedOS(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	file := filepath.Join(outside, "keep")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := confinedOS{root: root}
	for name, err := range map[string]error{
		"Remove": c.Remove(file), "RemoveAll": c.RemoveAll(outside), "MkdirAll": c.MkdirAll(filepath.Join(outside, "d"), 0o700),
		"Symlink": c.Symlink(root, filepath.Join(outside, "l")), "Rename": c.Rename(file, filepath.Join(root, "x")),
		"RemoveAll by dots": c.RemoveAll(root + "/../" + filepath.Base(outside)),
	} {
		if err == nil {
			t.Errorf("%s works outside of the node's directory", name)
		}
	}
	if found, err := c.Glob("*"); err != nil || len(found) > 0 {
		t.Errorf("Glob of the working directory finds %v, %v", found, err) // what it finds, the kubelet deletes
	}
	if err := c.Symlink(file, legacyLogs+"/a.log"); err != nil {
		t.Errorf("the links of old log collectors: %v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	if err := c.MkdirAll(filepath.Join(root, "a"), 0o700); err != nil {
		t.Error(err)
	}
}

// What is said of a sandbox is said before its containers start: later it would go over what they have come to.
func TestASandboxIsReadyInTurn(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b", UID: "c", Generation: 1}}
	statuses := status.NewManager(nil, kubepod.NewBasicPodManager(), nil, kubeletutil.NewPodStartupLatencyTracker())
	statuses.SetPodStatus(klog.Background(), pod, corev1.PodStatus{Phase: corev1.PodPending})
	if err := (readyInTurn{statuses: statuses}).OnPodSandboxReady(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	s, _ := statuses.GetPodStatus(pod.UID)
	if i := slices.IndexFunc(s.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReadyToStartContainers }); i < 0 || s.Conditions[i].Status != corev1.ConditionTrue {
		t.Errorf("the conditions are %v", s.Conditions)
	}
	if s.Phase != corev1.PodPending {
		t.Errorf("the phase is %s", s.Phase)
	}
}
