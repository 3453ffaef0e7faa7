// Package manage shows an etcd as a whole, its members, leases, users and who writes to it, and changes it: every change
// goes through package tui/etcd/gate.
package manage

import (
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// Module registers the screens with the frame.
func Module() screen.Module {
	return screen.Module{
		Name:   "etcd cluster",
		Routes: []screen.Route{screen.To(openOverview), screen.To(openLeases), screen.To(openUsers), screen.To(openDone)},
		Commands: []screen.Command{
			{Names: []string{"members", "etcd-overview"}, Help: "etcd at a glance: members, space, alarms, leases, who writes; and what can be done about it", Run: func(*screen.Scope, string) (screen.Request, error) {
				return access.Overview{}, nil
			}},
			{Names: []string{"etcd-leases"}, Help: "the leases of etcd with their keys, counting down", Run: func(*screen.Scope, string) (screen.Request, error) {
				return access.Leases{}, nil
			}},
			{Names: []string{"etcd-users"}, Help: "users and roles of etcd", Run: func(*screen.Scope, string) (screen.Request, error) {
				return access.Users{}, nil
			}},
			{Names: []string{"etcd-done"}, Help: "what was done to etcd, by whom, and how it went", Run: func(*screen.Scope, string) (screen.Request, error) {
				return access.Done{}, nil
			}},
		},
		Keys: map[string]key.Table{"etcd overview": overviewKeys(), "etcd leases": leaseKeys(), "etcd users and roles": userKeys(), "etcd operations": doneKeys()},
	}
}
