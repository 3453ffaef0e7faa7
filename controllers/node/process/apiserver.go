package process

import (
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// serviceAccount is where a Pod's token and the cluster's certificate are mounted.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// kubeconfigName is the file in a container's ROOT by which its program reaches the API server as the Pod's service account.
const kubeconfigName = "kubeconfig"

// tokenDir is the directory of this machine with the token of the Pod's service account, empty where it has none.
func (p *process) tokenDir() string {
	for _, m := range p.spec.Mounts {
		if path.Clean(m.ContainerPath) == serviceAccount {
			return m.HostPath
		}
	}
	return ""
}

// writeKubeconfig makes up for what a process of this machine cannot have: the address of the Service kubernetes, which is
// of the virtual network, and the files at /var/run/secrets, which client-go's in-cluster configuration reads.
func (p *process) writeKubeconfig() error {
	dir := p.tokenDir()
	if dir == "" || p.engine.apiServer == "" {
		return nil
	}
	c := clientcmdapi.NewConfig()
	const name = "pod"
	c.Clusters[name] = &clientcmdapi.Cluster{Server: "https://" + p.engine.apiServer, CertificateAuthority: filepath.Join(dir, "ca.crt")}
	c.AuthInfos[name] = &clientcmdapi.AuthInfo{TokenFile: filepath.Join(dir, "token")}
	c.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: p.spec.Namespace}
	c.CurrentContext = name
	b, err := clientcmd.Write(*c)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.root, kubeconfigName), b, 0o600)
}

// apiServerEnv are the variables by which programs find the API server.
func (p *process) apiServerEnv() []string {
	host, port, err := net.SplitHostPort(p.engine.apiServer)
	if err != nil {
		return nil
	}
	env := []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port, "KUBERNETES_SERVICE_PORT_HTTPS=" + port}
	own := slices.ContainsFunc(p.spec.Env, func(e string) bool { return strings.HasPrefix(e, "KUBECONFIG=") })
	if p.tokenDir() != "" && !own {
		env = append(env, "KUBECONFIG="+filepath.Join(p.root, kubeconfigName))
	}
	return env
}
