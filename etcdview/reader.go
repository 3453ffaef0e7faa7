package etcdview

import "context"

// Reader is what can be read alike from a running etcd (Store) and from a file (package offline).
type Reader interface {
	// Get reads one key at a revision, 0 for now.
	Get(ctx context.Context, key string, rev int64) (KV, error)
	// Page reads some keys.
	Page(ctx context.Context, o PageOptions) (Page, error)
	// Scan reads all keys of o at one revision.
	Scan(ctx context.Context, o PageOptions, fn func(KV) error) (int64, error)
	// Children lists a directory.
	Children(ctx context.Context, o ChildrenOptions) (Children, error)
	// OnlyDir follows a chain of single directories.
	OnlyDir(ctx context.Context, dir string, rev int64) (string, error)
	// Counts tells how many keys have each of the prefixes.
	Counts(ctx context.Context, prefixes []string, rev int64) ([]int64, error)
	// History lists the revisions of a key, newest first.
	History(ctx context.Context, key string, o HistoryOptions) (History, error)
	// Revision is the newest.
	Revision(ctx context.Context) (int64, error)
}

var _ Reader = (*Store)(nil)
