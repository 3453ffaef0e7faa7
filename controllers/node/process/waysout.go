package process

import (
	"context"
	"fmt"
	"net"
	"strings"

	"k8s.io/klog/v2"

	"github.com/podarium/podarium/controllers/podnet"
	"github.com/podarium/podarium/controllers/podnet/proxy"
)

// A process of this machine has no route to the cluster's addresses. It has two ways there, both as from its Pod, so that
// names are completed by the Pod's search path and NetworkPolicies hold: a proxy, which the environment names, and single
// loopback ports that lead to an address ({dial HOST:PORT} in the catalogue).

// openProxy serves the container's proxy.
func (p *process) openProxy() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() { _ = l.Close() })
	p.proxy = l.Addr().String()
	go func() {
		err := proxy.Serve(context.Background(), l, func(ctx context.Context, _ net.Addr, address string) (net.Conn, error) {
			return p.spec.Dial(ctx, p.engine.network, "tcp", address)
		})
		if err != nil {
			klog.Background().Error(err, "The proxy of a process has ended", "pod", klog.KRef(p.spec.Namespace, p.spec.Pod))
		}
	}()
	return nil
}

// proxyEnv are the variables by which programs find the proxy; curl reads the lower case ones, others either.
func (p *process) proxyEnv() []string {
	if p.proxy == "" {
		return nil
	}
	env := []string{}
	for name, value := range map[string]string{
		"http_proxy": "http://" + p.proxy, "https_proxy": "http://" + p.proxy, "all_proxy": "socks5h://" + p.proxy, "no_proxy": "localhost,127.0.0.1,::1",
	} {
		env = append(env, name+"="+value, strings.ToUpper(name)+"="+value)
	}
	return env
}

// dialPort opens a loopback port that leads to an address of the cluster, HOST:PORT, and gives its number.
func (p *process) dialPort(address string) (int, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return 0, fmt.Errorf("{dial %s}: %w", address, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	p.closers = append(p.closers, func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				ctx, cancel := context.WithTimeout(context.Background(), dialLimit)
				target, err := p.spec.Dial(ctx, p.engine.network, "tcp", address)
				cancel()
				if err != nil {
					return // the program sees the connection end
				}
				defer target.Close()
				podnet.Join(c, target)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// ensemble makes the lines of zoo.cfg that name the members out of ZOO_SERVERS, which the ZooKeeper image of Docker Hub
// takes too: "server.0=zookeeper-0.zookeeper:2888:3888 server.1=…". The container's own ports are opened, the others' dialled.
// It is empty where the variable is: a server that stands alone.
func (p *process) ensemble() (string, error) {
	me := p.env("ZOO_MY_ID")
	if me == "" {
		me = ordinal(p.spec.Hostname)
	}
	var lines []string
	for _, s := range strings.Fields(p.env("ZOO_SERVERS")) {
		name, address, ok := strings.Cut(s, "=")
		address, _, _ = strings.Cut(address, ";") // the client's port
		at := strings.Split(address, ":")
		if !ok || !strings.HasPrefix(name, "server.") || len(at) != 3 {
			return "", fmt.Errorf("ZOO_SERVERS: %q is not of the form server.N=HOST:PORT:PORT", s)
		}
		line := name + "=127.0.0.1"
		for _, port := range at[1:] {
			var n string
			var err error
			if name == "server."+me {
				n, err = p.expand("{port " + port + "}")
			} else {
				n, err = p.expand("{dial " + at[0] + ":" + port + "}")
			}
			if err != nil {
				return "", err
			}
			line += ":" + n
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n"), nil
}

// env is the value of a variable of the container; empty where it has none.
func (p *process) env(name string) string {
	for _, e := range p.spec.Env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}
