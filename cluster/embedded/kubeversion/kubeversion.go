// Package kubeversion makes the Kubernetes that is linked into this binary know its own version.
//
// Kubernetes takes its version from link flags (-X), which a plain "go install" does not pass: without them the API
// server, the kubelets and every client call themselves v0.0.0-master. This package sets the same variables by
// linkname. It imports nothing but unsafe, and Go initialises packages in the order of their import paths as soon as
// what they import is ready, so that it runs before any package of k8s.io reads them
// (https://go.dev/ref/spec#Program_initialization). A test asserts the outcome.
package kubeversion

import _ "unsafe" // for go:linkname

// Version is the version of k8s.io/kubernetes in go.mod, as its own build writes it.
const Version = "v1.37.2"

// k8s.io/component-base/version/base.go
//
//go:linkname componentVersion k8s.io/component-base/version.gitVersion
var componentVersion string

//go:linkname componentMajor k8s.io/component-base/version.gitMajor
var componentMajor string

//go:linkname componentMinor k8s.io/component-base/version.gitMinor
var componentMinor string

//go:linkname componentTreeState k8s.io/component-base/version.gitTreeState
var componentTreeState string

// k8s.io/client-go/pkg/version/base.go, which every client's user agent shows
//
//go:linkname clientVersion k8s.io/client-go/pkg/version.gitVersion
var clientVersion string

//go:linkname clientMajor k8s.io/client-go/pkg/version.gitMajor
var clientMajor string

//go:linkname clientMinor k8s.io/client-go/pkg/version.gitMinor
var clientMinor string

//go:linkname clientCommit k8s.io/client-go/pkg/version.gitCommit
var clientCommit string

func init() {
	componentVersion, componentMajor, componentMinor, componentTreeState = Version, "1", "37", "clean"
	clientVersion, clientMajor, clientMinor, clientCommit = Version, "1", "37", "podarium"
}
