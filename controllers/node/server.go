package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net/http"
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet"
	"k8s.io/kubernetes/pkg/kubelet/server"
	"k8s.io/kubernetes/pkg/kubelet/server/stats"

	"github.com/podarium/podarium/controllers/node/containers"
)

// serve answers the kubelet's API (logs, exec, statistics …) over TLS at the node's address on the virtual network, until
// ctx ends.
func serve(ctx context.Context, o Options, k *kubelet.Kubelet, r *containers.Runtime, c *options.KubeletServer, client kubernetes.Interface, recorder record.EventRecorder, addr netip.Addr) error {
	cert, err := tls.LoadX509KeyPair(o.ServingCertFile, o.ServingKeyFile)
	if err != nil {
		return fmt.Errorf("node %s: serving certificate: %w", o.Name, err)
	}
	auth, reload, err := app.BuildAuth(types.NodeName(o.Name), client, c.KubeletConfiguration)
	if err != nil {
		return fmt.Errorf("node %s: authentication: %w", o.Name, err)
	}
	go reload(ctx.Done())
	analyzer := stats.NewResourceAnalyzer(ctx, k, c.VolumeStatsAggPeriod.Duration, recorder)
	handler := server.NewServer(ctx, following{Kubelet: k, runtime: r}, analyzer, nil, nil, auth, &c.KubeletConfiguration)
	s := &http.Server{
		Handler:           &handler,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       90 * time.Second,
		ErrorLog:          log.New(logWriter{}, "", 0),
	}
	l, err := o.Network.Listen(netip.AddrPortFrom(addr, kubeletPort))
	if err != nil {
		return fmt.Errorf("node %s: %w", o.Name, err)
	}
	go func() { _ = s.ServeTLS(l, "", "") }() // ends with Close
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return nil
}

// logWriter passes what an HTTP server says on to the log of everything else.
type logWriter struct{}

func (logWriter) Write(b []byte) (int, error) {
	klog.Background().V(2).Info(string(b))
	return len(b), nil
}
