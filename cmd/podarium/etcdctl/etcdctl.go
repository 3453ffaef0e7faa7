// Package etcdctl runs etcd's own etcdctl in this process, which is its own: etcdctl ends by os.Exit.
package etcdctl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	_ "unsafe" // for go:linkname

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdctl/v3/ctlv3"
	"google.golang.org/grpc"

	"github.com/podarium/podarium/cluster/embedded"
)

// Command is the name of podarium's command for it.
const Command = "etcdctl"

// Main runs etcdctl with the arguments that follow its name. It never returns.
func Main(args []string) {
	os.Args = append([]string{Command}, args...) // its watch looks for -- there
	cobra.EnablePrefixMatching = true            // as its own program has it
	ctlv3.MustStart()
	os.Exit(0)
}

// Confine makes an etcdctl that runs for a container reach what the container reaches, and no more. It refuses the uses of
// etcdctl that run other programs: those would be this machine's.
func Confine(place embedded.EtcdctlPlace, args []string) error {
	if err := refuse(args); err != nil {
		return err
	}
	addGlobalDialOptions.(func(...grpc.DialOption))(grpc.WithContextDialer(dialer(place)))
	return nil
}

// addGlobalDialOptions: etcdctl makes its client itself and has no option for how that dials
// (etcdctl/ctlv3/command/global.go, mustClient); grpc has one for all clients of a process, for its own packages
// (google.golang.org/grpc/internal/internal.go).
//
//go:linkname addGlobalDialOptions google.golang.org/grpc/internal.AddGlobalDialOptions
var addGlobalDialOptions any

// dialer dials on the virtual network only. Etcd lists itself under a socket of this machine, which means its address there.
func dialer(place embedded.EtcdctlPlace) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, address string) (net.Conn, error) {
		if socket, ok := strings.CutPrefix(address, "unix:"); ok {
			if socket = "/" + strings.TrimLeft(socket, "/"); socket != place.Socket {
				return nil, fmt.Errorf("%s is not a socket of this container", socket)
			}
			address = place.Etcd
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
			host = place.Localhost
		}
		return embedded.Dial(ctx, place.Control, net.JoinHostPort(host, port))
	}
}

var errRuns = errors.New("the etcdctl of a container runs no other program: leave the command after the key or the lock out, and --interactive")

// refuse finds the uses of etcdctl that run programs: lock NAME COMMAND, watch KEY -- COMMAND, and watch --interactive, where
// such a command can be typed. It would rather refuse too much.
func refuse(args []string) error {
	command, rest := split(args)
	switch {
	case command == "":
		return nil
	case strings.HasPrefix("watch", command):
		if slices.ContainsFunc(rest, func(a string) bool {
			short := strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && !strings.HasPrefix(a, "-w") && !strings.HasPrefix(a, "-d")
			return a == "--" || strings.HasPrefix(a, "--interactive") || short && strings.Contains(a, "i")
		}) {
			return errRuns
		}
	case strings.HasPrefix("lock", command):
		_, rest = split(rest)
		if name, _ := split(rest); name != "" || slices.Contains(args, "--") {
			return errRuns
		}
	}
	return nil
}

// switches are the flags of etcdctl that take no value.
var switches = []string{"--debug", "--hex", "--insecure-transport", "--insecure-discovery", "--insecure-skip-tls-verify", "--help", "-h"}

// split finds the first argument that is no flag, and what follows it.
func split(args []string) (first string, rest []string) {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case !strings.HasPrefix(a, "-") || a == "-" || a == "--":
			return a, args[i+1:]
		case slices.Contains(switches, a) || strings.Contains(a, "="):
		case strings.HasPrefix(a, "--") || len(a) == 2:
			i++ // its value
		}
	}
	return "", nil
}
