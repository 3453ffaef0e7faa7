package etcd

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/screen"
)

// askKey asks for a key.
func askKey(s *screen.Scope, begin string, then func(path string)) {
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Go to", Accept: "Go", Note: `A key, or how it begins. Bytes that are no text are \xNN each, or the whole key is in hex: 0x2f00ff.`,
		Fields: []dialog.Field{{Label: "key", Value: etcdview.Printable(begin), Check: func(v string) error {
			_, err := parseKey(v)
			return err
		}}},
		Then: func(values []string) {
			path, _ := parseKey(values[0]) // it was checked
			then(path)
		},
	}))
}

// parseKey reads a key as people write it: as it is, with \xNN for bytes, or all in hex after 0x.
func parseKey(s string) (string, error) {
	if s == "" {
		return "", errors.New("give a key")
	}
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) == 0 {
			return "", errors.New("after 0x come pairs of hexadecimal digits")
		}
		return string(b), nil
	}
	return etcdview.ParseKey(s), nil
}

// parseRevision reads a revision; an empty text is 0, for now.
func parseRevision(s string) (int64, error) {
	s = strings.ReplaceAll(strings.TrimSpace(s), " ", "")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is no revision: a number from 1 on", s)
	}
	return n, nil
}

func checkRevision(s string) error {
	_, err := parseRevision(s)
	return err
}

// parseAt reads some keys or prefixes, and rev=N anywhere among them.
func parseAt(line string) (paths []string, rev int64, err error) {
	for _, w := range strings.Fields(line) {
		if n, ok := strings.CutPrefix(w, "rev="); ok {
			if rev, err = parseRevision(n); err != nil {
				return nil, 0, err
			}
			continue
		}
		path, err := parseKey(w)
		if err != nil {
			return nil, 0, err
		}
		paths = append(paths, path)
	}
	return paths, rev, nil
}

// parseOne is parseAt for at most one path.
func parseOne(line string) (path string, rev int64, err error) {
	paths, rev, err := parseAt(line)
	switch {
	case err != nil:
		return "", 0, err
	case len(paths) > 1:
		return "", 0, fmt.Errorf("%d keys are given, where one is meant", len(paths))
	case len(paths) == 1:
		path = paths[0]
	}
	return path, rev, nil
}

// parseWatch reads the prefixes of a watch, . for all keys; rev=N is where it begins.
func parseWatch(line string) (access.Changes, error) {
	paths, rev, err := parseAt(line)
	for i, p := range paths {
		if p == "." {
			paths[i] = ""
		}
	}
	if err == nil && len(paths) == 0 {
		err = errors.New("give a prefix")
	}
	return access.Changes{Prefixes: paths, Revision: rev}, err
}

// loadsOfJump is how many pages of directories the way to a key may take in the tree. What lies deeper in a large
// directory is shown as a list.
const loadsOfJump = 8

// jump puts the cursor on a key, or on where it would be, and opens the directories on the way.
func (t *tree) jump(path string, loads int) {
	if !strings.HasPrefix(path, t.nodes.root.Path) {
		t.scope.Open(access.Key{Path: path, Revision: t.pinned})
		return
	}
	n, found := t.nodes.root, (*node)(nil)
	for {
		n.open = true
		if !n.loaded || n.next != "" && path >= n.next {
			t.loadFor(n, path, loads)
			return
		}
		if found = n.kid(path); found == nil || !found.Dir || found.Path == path {
			break
		}
		n = found
	}
	if found == nil {
		t.scope.Say(screen.Idle, etcdview.Printable(path)+" is not in the tree: this is where it would be")
		i, _ := slices.BinarySearchFunc(n.kids, path, func(k *node, p string) int { return strings.Compare(k.Path, p) })
		if found = n; i < len(n.kids) {
			found = n.kids[i]
		}
	}
	t.nodes.filter = ""
	t.nodes.layout()
	if i := slices.Index(t.nodes.rows, found); i >= 0 {
		t.cursor.At = i
	}
	t.focus = onTree
	t.moved()
}

// loadFor reads on in a directory on the way to a key.
func (t *tree) loadFor(n *node, path string, loads int) {
	switch {
	case n.loading:
		t.scope.Say(screen.Idle, "the directory is being read: try again when it is there")
	case loads == 0:
		t.scope.Open(access.List{Prefix: n.Path, From: path, Revision: t.pinned})
	default:
		t.nodes.load(t.scope, t.store, n, func(err error) {
			if err != nil {
				t.scope.Fail(err)
				return
			}
			t.jump(path, loads-1)
		})
	}
}
