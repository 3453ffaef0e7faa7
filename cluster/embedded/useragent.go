package embedded

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"

	genericapiserver "k8s.io/apiserver/pkg/server"
)

// nameComponents makes the API server see each component of this process by its own name. Clients introduce themselves by
// the name of the executable (client-go, DefaultKubernetesUserAgent), which is one for all of them here; managed fields,
// audit and metrics take the name of the writer from it.
func nameComponents(build func(http.Handler, *genericapiserver.Config) http.Handler) func(http.Handler, *genericapiserver.Config) http.Handler {
	self := filepath.Base(os.Args[0]) + "/"
	return func(api http.Handler, c *genericapiserver.Config) http.Handler {
		next := build(api, c)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if rest, ok := strings.CutPrefix(r.UserAgent(), self); ok {
				if name := componentName(r, rest); name != "" {
					r.Header.Set("User-Agent", name+"/"+rest)
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// componentName is the component that sent a request, by its certificate, by the name that the API server
// calls itself by, or for a controller, which has a token, by the
// service account in the rest of its user agent. It decides nothing but the name: who it is, authentication finds out.
func componentName(r *http.Request, rest string) string {
	if r.TLS != nil && r.TLS.ServerName == genericapiserver.LoopbackClientServerNameOverride {
		return "kube-apiserver"
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		switch r.TLS.PeerCertificates[0].Subject.CommonName {
		case controllerManagerUser.name:
			return "kube-controller-manager"
		case schedulerUser.name:
			return "kube-scheduler"
		}
	}
	if strings.Contains(rest, "system:serviceaccount:kube-system:") {
		return "kube-controller-manager"
	}
	return ""
}
