// Package etcdview looks into an etcd, above all one under Kubernetes: keys as a tree, values with their metadata,
// live changes, the history of a key. Its sub-packages decode values (decode), compare them (diff), and know how
// Kubernetes names keys (registry). It has no user interface and imports nothing else of podarium.
//
// Guarantees: nothing here writes to etcd, except what package operate does; every read pages or streams, so that
// neither this process nor the server needs memory for a whole store; keys are Go strings of any bytes; revisions,
// versions and leases are etcd's own numbers. Methods take a context and return when it ends. A Store is safe for use
// by several goroutines.
//
// Caveats: a key read without its value (KeysOnly, Children) has no lease on etcd 3.7, which answers such reads from
// its index; size is known only for values that were read. RangeStream of etcd 3.7 is used where the server has it
// and paged ranges otherwise, which on a large store make the older servers count all keys for every page.
package etcdview
