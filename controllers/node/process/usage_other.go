//go:build !linux

package process

import "github.com/podarium/podarium/controllers/node/containers"

// usages knows nothing on this system.
type usages struct{}

func (*usages) of(int) containers.Usage { return containers.Usage{} }
