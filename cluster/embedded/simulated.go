package embedded

import (
	"context"
	"fmt"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/podnet"
	"github.com/podarium/podarium/controllers/simulated"
)

// SimulatedNodes is the component that simulates nodes; its message says how many there are.
const SimulatedNodes = "simulated-nodes"

// chooseSimulated settles how many nodes are simulated and keeps that for the next run.
func (s *Server) chooseSimulated() (n int, err error) {
	return n, s.state.update(func(set *settings) error {
		if s.o.SimulatedNodes != nil {
			set.SimulatedNodes, set.Simulated = *s.o.SimulatedNodes, set.Simulated || *s.o.SimulatedNodes > 0
		}
		n = set.SimulatedNodes
		return nil
	})
}

// runSimulated simulates n nodes until ctx ends.
func (s *Server) runSimulated(ctx context.Context, n int) error {
	s.health.set(SimulatedNodes, cluster.Started, "")
	client, err := s.connect(SimulatedNodes, simulatedUser)
	if err != nil {
		return err
	}
	cert, key, err := s.pki.issueFiles(s.pki.ca, SimulatedNodes, identity{name: simulatedUser.name, hosts: []string{podnet.SimulatedNode.String()}})
	if err != nil {
		return err
	}
	return simulated.Run(ctx, simulated.Options{
		Nodes: n, Config: client.config, Network: s.network, ServingCertFile: cert, ServingKeyFile: key,
		Progress: func(ready int) {
			state, message := cluster.Started, fmt.Sprintf("%d of %d nodes are Ready", ready, n)
			if ready >= n {
				state, message = cluster.Ready, fmt.Sprintf("%d simulated ones", n)
			}
			s.health.set(SimulatedNodes, state, message)
		},
	})
}
