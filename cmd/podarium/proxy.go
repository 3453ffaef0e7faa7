package main

import (
	"context"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/controllers/podnet/proxy"
)

func newProxy(f *flags) *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "proxy",
		Short: "Reach Pods and Services by their names and addresses, through a SOCKS5 and HTTP proxy on this machine",
		Example: `  podarium proxy &
  curl -x socks5h://127.0.0.1:1080 http://test-web.shop:8080
  http_proxy=http://127.0.0.1:1080 curl http://10.244.1.2`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			host, _, err := net.SplitHostPort(listen)
			if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
				return exitError{exitUsage, fmt.Errorf("--listen: %q is no loopback address with a port: the proxy asks nobody who he is", listen)}
			}
			r, err := f.attach(c)
			if err != nil {
				return err
			}
			defer r.Close()
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return fmt.Errorf("%w: choose another port with --listen", err)
			}
			defer context.AfterFunc(c.Context(), func() { _ = l.Close() })()
			fmt.Fprintf(c.OutOrStdout(), "curl -x socks5h://%s http://NAME.NAMESPACE\n", l.Addr())
			return proxy.Serve(c.Context(), l, func(ctx context.Context, _ net.Addr, address string) (net.Conn, error) { return r.Dial(ctx, address) })
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:1080", "loopback address and port of the proxy")
	return c
}
