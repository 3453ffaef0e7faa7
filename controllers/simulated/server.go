package simulated

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/podarium/podarium/controllers/podnet"
)

// port is where kubelets listen.
const port = 10250

// refusal is what every request is answered with.
const refusal = "this node is simulated by kwok and has no kubelet: its Pods have no containers, so that there is nothing to read, to run a command in or to connect to. " +
	"Use a Pod on a node that is not (label type=kwok), without runtimeClassName: kwok"

// serve answers, until ctx ends, what the API server asks of a simulated node's kubelet.
func serve(ctx context.Context, o Options) error {
	cert, err := tls.LoadX509KeyPair(o.ServingCertFile, o.ServingKeyFile)
	if err != nil {
		return fmt.Errorf("serving certificate: %w", err)
	}
	l, err := o.Network.Listen(netip.AddrPortFrom(podnet.SimulatedNode, port))
	if err != nil {
		return err
	}
	s := &http.Server{
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 30 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, refusal, http.StatusBadRequest) // the API server passes the text of few other codes on
		}),
	}
	go func() { _ = s.ServeTLS(l, "", "") }() // ends with Close
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return nil
}
