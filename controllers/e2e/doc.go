// Package e2e holds the tests of nodes, network and storage that need a whole cluster. They talk to a podarium process as
// any client does, so that they link none of Kubernetes and none of the packages they test.
package e2e
