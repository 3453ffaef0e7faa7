package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/podarium/podarium/cluster"
)

// The identities of the components, with the users and groups to which Kubernetes' bootstrap policy gives their rights
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#core-component-roles).
var (
	adminUser             = identity{name: "kubernetes-admin", groups: []string{"system:masters"}}
	controllerManagerUser = identity{name: "system:kube-controller-manager"}
	schedulerUser         = identity{name: "system:kube-scheduler"}
	// kubeletClientUser is the API server towards kubelets; seed binds it to system:kubelet-api-admin.
	kubeletClientUser = identity{name: "kube-apiserver-kubelet-client"}
	networkUser       = identity{name: "system:podarium:network"}
	metricsUser       = identity{name: "system:podarium:metrics"}
	provisionerUser   = identity{name: "system:podarium:provisioner"}
	simulatedUser     = identity{name: "system:podarium:simulated-nodes"}
)

func nodeIdentity(node string) identity {
	return identity{name: "system:node:" + node, groups: []string{"system:nodes"}}
}

// connection is one identity's way to the API server.
type connection struct {
	config *rest.Config
	file   string // the same as a kubeconfig file
}

// access is how other programs reach the cluster, by the administrator's kubeconfig.
func access(kubeconfig string) cluster.Access {
	return cluster.Access{Kubeconfig: kubeconfig, Context: "podarium", Cluster: "podarium", User: adminUser.name, Groups: adminUser.groups}
}

// connect issues a client certificate and writes the kubeconfig kubeconfig/NAME.conf.
func (p *pki) connect(dir, name, server string, id identity) (connection, error) {
	cert, key, err := p.ca.issue(id)
	if err != nil {
		return connection{}, err
	}
	kc := clientcmdapi.NewConfig()
	kc.Clusters["podarium"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: p.ca.pem()}
	kc.AuthInfos[id.name] = &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}
	kc.Contexts["podarium"] = &clientcmdapi.Context{Cluster: "podarium", AuthInfo: id.name}
	kc.CurrentContext = "podarium"
	b, err := clientcmd.Write(*kc)
	if err != nil {
		return connection{}, fmt.Errorf("kubeconfig of %s: %w", id.name, err)
	}
	file := filepath.Join(dir, name+".conf")
	// Whole at once: others wait for this file to appear. It is made anew at each start, so that nothing need be synced.
	if err := errors.Join(os.WriteFile(file+".new", b, 0o600), os.Rename(file+".new", file)); err != nil {
		return connection{}, err
	}
	return connection{
		file: file,
		config: &rest.Config{
			Host:               server,
			QPS:                -1, // the API server's priority and fairness is the only limit that this process needs
			DisableCompression: true,
			TLSClientConfig:    rest.TLSClientConfig{CAData: p.ca.pem(), CertData: cert, KeyData: key},
		},
	}, nil
}
