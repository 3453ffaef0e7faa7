// Package access is what the screens of etcd share: the requests that open them, and the way from a screen to the etcd
// of its cluster.
package access

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/recorder"
	"github.com/podarium/podarium/tui/screen"
)

// The requests for screens of etcd. screen.Etcd and screen.EtcdKey open the tree and the key of an object.
type (
	// Tree is the tree of keys as at a past revision; 0 is the same as screen.Etcd.
	Tree struct {
		Prefix   string
		Revision int64
	}
	// List is the flat list of the keys with a prefix, at a revision; 0 for now. From is the key that it begins at.
	List struct {
		Prefix, From string
		Revision     int64
	}
	// Key is one key, by its path. With a revision, the cursor begins there.
	Key struct {
		Path     string
		Revision int64
	}
	// Changes is the live list of changes under some prefixes, from a revision on; 0 for what comes from now on.
	Changes struct {
		Prefixes []string
		Revision int64
	}
	// Compared is what turns a snapshot file, or a past revision of the store, into what the store holds now.
	Compared struct {
		File     string
		Revision int64
		Prefix   string
	}
	// Search looks for keys under a prefix; the screen asks for what.
	Search struct {
		Prefix   string
		Revision int64
		// Pattern, if not empty, is looked for at once, among the keys.
		Pattern string
	}
	// Overview is etcd at a glance: members, space, alarms, leases, who writes.
	Overview struct{}
	// Leases are the leases with their keys, counting down.
	Leases struct{}
	// Users are the users and roles.
	Users struct{}
	// Done is what was changed in etcd from here.
	Done struct{}
	// Space is what fills the database, Audit what is wrong in it.
	Space struct{}
	Audit struct{}
)

// ErrNoEtcd is shown for a cluster of which only the API server can be reached.
var ErrNoEtcd = errors.New("the etcd of this cluster is out of reach: only its API server is known. 'podarium etcd --endpoints …' opens an etcd by itself")

// Store is the etcd of a scope's cluster.
func Store(s *screen.Scope) (*etcdview.Store, error) {
	c := s.Cluster().Etcd()
	if c == nil {
		return nil, ErrNoEtcd
	}
	return etcdview.New(c).WithTimeout(answerTimeout), nil
}

// answerTimeout is how long one request may take before the screens say that etcd does not answer.
const answerTimeout = 5 * time.Second

// Again does something once more after a while where etcd did not answer: it may be back by then. Wanted is asked then.
func Again(s *screen.Scope, err error, wanted func() bool, do func()) {
	const after = 2 * time.Second
	if errors.Is(err, etcdview.ErrNoAnswer) {
		s.After(after, func() {
			if wanted() {
				do()
			}
		})
	}
}

// Root is the directory of the API server, with the slash at its end. Of an etcd by itself, which may hold anything, it
// is empty: all keys.
func Root(s *screen.Scope) string {
	if s.Cluster().EtcdOnly() {
		return ""
	}
	return s.Cluster().EtcdPrefix() + "/"
}

// Decoding says how values of the scope's cluster are decoded.
func Decoding(s *screen.Scope) decode.Options {
	o := decode.Options{Prefix: s.Cluster().EtcdPrefix()}
	if d := s.Cluster().EtcdDecrypter(); d != nil {
		o.Decrypter = d
	}
	return o
}

// historyKey is the key of the recording that all screens share.
type historyKey struct{}

// History reads the past of a key: what etcd has, and what is recorded beyond it.
func History(s *screen.Scope, store *etcdview.Store) etcdview.Reader {
	dir := s.Cluster().EtcdHistory()
	if dir == "" {
		return store
	}
	open := screen.Service(s, historyKey{}, func() func() (*recorder.Recording, error) {
		return sync.OnceValues(func() (*recorder.Recording, error) { return recorder.Open(dir, recorder.Options{}) })
	})
	return recorded{store, open}
}

// recorded opens the recording when it is first asked for, which reads files: within a call, never on the UI's goroutine.
type recorded struct {
	etcdview.Reader
	open func() (*recorder.Recording, error)
}

func (r recorded) History(ctx context.Context, key string, o etcdview.HistoryOptions) (etcdview.History, error) {
	recording, err := r.open()
	if err != nil {
		return etcdview.History{}, err
	}
	return recorder.Reader{Reader: r.Reader, Recording: recording}.History(ctx, key, o)
}

// Writes says why this etcd may not be changed from here; nil where it may.
func Writes(s *screen.Scope) error {
	c := s.Cluster()
	switch {
	case c.EtcdWrites():
		return nil
	case c.ReadOnly():
		return errors.New("the cluster is opened read-only, and its etcd with it")
	}
	return fmt.Errorf("this etcd is not podarium's own, and opened read-only: 'podarium etcd --allow-writes' opens it for changes")
}
