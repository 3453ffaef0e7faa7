package attached

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const two = `
apiVersion: v1
kind: Config
current-context: dev
clusters:
- {name: one, cluster: {server: "https://one:6443"}}
- {name: production-eu, cluster: {server: "https://two:6443"}}
users:
- {name: me, user: {token: secret}}
contexts:
- {name: dev, context: {cluster: one, user: me}}
- {name: live, context: {cluster: production-eu, user: me, namespace: shop}}
`

func TestContexts(t *testing.T) {
	got, err := Contexts(Options{Kubeconfig: write(t, "config", two)})
	if err != nil {
		t.Fatal(err)
	}
	want := []Context{
		{Name: "dev", Cluster: "one", User: "me", Server: "https://one:6443", Namespace: "default", Current: true},
		{Name: "live", Cluster: "production-eu", User: "me", Server: "https://two:6443", Namespace: "shop", ReadOnly: true},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v", got)
	}
}

func TestKubeconfigsAreMerged(t *testing.T) {
	more := strings.NewReplacer("dev", "dev2", "live", "live2").Replace(two)
	t.Setenv("KUBECONFIG", strings.Join([]string{write(t, "a", two), "/does/not/exist", write(t, "b", more)}, string(filepath.ListSeparator)))
	got, err := Contexts(Options{})
	if err != nil || len(got) != 4 {
		t.Errorf("got %+v %v", got, err)
	}
}

func TestReadOnlyByName(t *testing.T) {
	yes, no := true, false
	for name, want := range map[string]bool{
		"prod": true, "PROD-eu": true, "eu-prod": true, "eu_production": true, "arn:aws:eks:eu:1:cluster/prod-1": true,
		"admin@prod": true, "dev": false, "product-dev": true, "preview": false, "nonprod": false, "reprod": false,
	} {
		match, err := Options{}.readOnly()
		if err != nil {
			t.Fatal(err)
		}
		if match(name) != want {
			t.Errorf("%s: read-only %v", name, !want)
		}
	}
	for _, test := range []struct {
		o    Options
		want bool
	}{
		{Options{Context: "dev"}, false},
		{Options{Context: "live"}, true}, // by the name of its cluster
		{Options{Context: "live", ReadOnly: &no}, false},
		{Options{Context: "dev", ReadOnly: &yes}, true},
		{Options{Context: "live", ReadOnlyPatterns: []string{}}, false},
		{Options{Context: "dev", ReadOnlyPatterns: []string{"d?v"}}, true},
	} {
		test.o.Kubeconfig = write(t, "config", two)
		c, err := Open(test.o)
		if err != nil {
			t.Fatal(err)
		}
		if c.ReadOnly() != test.want || c.Name() != test.o.Context || c.StopsWithProcess() || c.Disposable() {
			t.Errorf("%+v: read-only %v", test.o, c.ReadOnly())
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	good := write(t, "config", two)
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Kubeconfig: "/does/not/exist"}, "name one that exists with --kubeconfig or KUBECONFIG"},
		{Options{Kubeconfig: write(t, "bad", "{{{")}, "kubeconfig: "},
		{Options{Kubeconfig: write(t, "empty", "")}, "the kubeconfig is empty or missing"},
		{Options{Kubeconfig: good, Context: "nope"}, `"nope", there are dev, live`},
		{Options{Kubeconfig: write(t, "none", strings.Replace(two, "current-context: dev", "", 1))}, "has no current one, choose of dev, live"},
		{Options{Kubeconfig: write(t, "half", strings.Replace(two, "name: one", "name: other", 1))}, `no cluster "one", which it names`},
		{Options{Kubeconfig: write(t, "nobody", strings.Replace(two, "name: me", "name: other", 1))}, `no user "me", which it names`},
		{Options{Kubeconfig: good, AsGroups: []string{"g"}}, "give --as too"},
		{Options{Kubeconfig: good, ReadOnlyPatterns: []string{""}}, "an empty pattern"},
		{Options{Kubeconfig: good, Etcd: Etcd{Endpoints: []string{"https://x:2379"}, CACert: "/no/ca"}}, "etcd: certificate files: open /no/ca"},
		{Options{Kubeconfig: good, Etcd: Etcd{Endpoints: []string{"https://x:2379"}, Cert: good}}, "KeyFile and CertFile must both be present"},
	} {
		if _, err := Open(test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v", test.o, err)
		}
	}
	if _, err := Open(Options{Kubeconfig: good, Context: "nope"}); !errors.Is(err, ErrNoContext) {
		t.Errorf("got %v", err)
	}
}

func TestOpenARealCluster(t *testing.T) {
	real, ns := clustertest.Shared(t)
	ctx := t.Context()
	yes := true
	c, err := Open(Options{Kubeconfig: real.Kubeconfig, As: "jane", AsGroups: []string{"system:masters"}, ReadOnly: &yes, Etcd: Etcd{Endpoints: []string{real.EtcdEndpoint}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Etcd().Close()
	who, err := c.Kubernetes().AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil || who.Status.UserInfo.Username != "jane" {
		t.Errorf("who: %+v %v", who, err)
	}
	if kvs, err := c.Etcd().Get(ctx, c.EtcdPrefix()+"/namespaces/"+ns); err != nil || kvs.Count != 1 {
		t.Errorf("etcd: %+v %v", kvs, err)
	}
	ref := change.Ref{Kind: "ConfigMap", Namespace: ns, Name: "kube-root-ca.crt"}
	ref.Resource.Version, ref.Resource.Resource = "v1", "configmaps"
	clustertest.Eventually(t, "the ConfigMap", func() bool { _, err := change.Get(ctx, c, ref); return err == nil })
	p, err := change.Delete(ctx, c, ref, change.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := change.NewDoor(c).Apply(ctx, p); !errors.Is(err, change.ErrReadOnly) {
		t.Errorf("got %v", err)
	}
}

// TestEtcdWithClientCertificates reaches an etcd that accepts only clients with a certificate of its CA.
func TestEtcdWithClientCertificates(t *testing.T) {
	ca, cert, key := certificates(t)
	config := embed.NewConfig()
	config.Dir, config.LogLevel, config.LogOutputs = t.TempDir(), "error", []string{os.DevNull}
	listen, err := url.Parse("https://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*listen}, []url.URL{*listen}
	config.ListenPeerUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ClientTLSInfo.TrustedCAFile, config.ClientTLSInfo.CertFile, config.ClientTLSInfo.KeyFile = ca, cert, key
	config.ClientTLSInfo.ClientCertAuth = true
	server, err := embed.StartEtcd(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	<-server.Server.ReadyNotify()
	o := Options{Kubeconfig: write(t, "config", two), Etcd: Etcd{
		Endpoints: []string{server.Clients[0].Addr().String()}, CACert: ca, Cert: cert, Key: key, Prefix: "/elsewhere",
	}}
	c, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Etcd().Close()
	if _, err := c.Etcd().Put(t.Context(), "k", "v"); err != nil || c.EtcdPrefix() != "/elsewhere" {
		t.Error(err)
	}
}

func certificates(t *testing.T) (ca, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "etcd"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pemOf := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	self := pemOf("CERTIFICATE", der)
	return write(t, "ca.crt", self), write(t, "tls.crt", self), write(t, "tls.key", pemOf("EC PRIVATE KEY", keyDER))
}
