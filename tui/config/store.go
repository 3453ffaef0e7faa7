package config

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a directory must be quiet before it is read: editors write a file in several steps.
const settle = 50 * time.Millisecond

// Store is a configuration directory that is read again when something in it changes. It is safe for use by several
// goroutines.
type Store struct {
	dir     string
	check   func(*Source)
	changed chan struct{} // written after each reading, capacity 1, never closed

	mu   sync.Mutex
	good *Source
	err  error
}

// Open reads a directory. check adds to a Source what only the caller can find wrong with it; nil for nothing. The error is
// a Problems: there is no good configuration to begin with.
func Open(dir string, check func(*Source)) (*Store, error) {
	if check == nil {
		check = func(*Source) {}
	}
	s := &Store{dir: dir, check: check, changed: make(chan struct{}, 1)}
	src := Load(dir)
	check(src)
	s.good = src
	return s, src.Err()
}

// Fixed is a Store of a configuration that does not change.
func Fixed(src *Source) *Store {
	return &Store{dir: src.Dir, good: src, changed: make(chan struct{}, 1)}
}

// Current is the last good configuration, and what is wrong with the newest where that is another one.
func (s *Store) Current() (*Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.good, s.err
}

// Changed has something after the directory was read again.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// Read reads the directory now.
func (s *Store) Read() {
	src := Load(s.dir)
	s.check(src)
	s.mu.Lock()
	if s.err = src.Err(); s.err == nil {
		s.good = src
	}
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Watch reads the directory again after each change in it, until ctx ends. The directory need not exist yet. The error says
// that changes cannot be watched; then the configuration stays as it is.
func (s *Store) Watch(ctx context.Context) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	links := s.follow(w)
	quiet := time.NewTimer(settle)
	quiet.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if concerns(e.Name, s.dir) || slices.Contains(links, e.Name) {
				quiet.Reset(settle)
			}
		case <-w.Errors: // an overflow: read, whatever it was
			quiet.Reset(settle)
		case <-quiet.C:
			links = s.follow(w) // folders may have come
			s.Read()
		}
	}
}

// concerns says whether a path lies in a directory, or on the way to it.
func concerns(path, dir string) bool {
	sep := string(filepath.Separator)
	return path == dir || strings.HasPrefix(path, dir+sep) || strings.HasPrefix(dir, path+sep)
}

// follow watches the directory and its themes, and as long as there is none the nearest directory above that exists. Where
// files are links, as those of a dotfiles repository are, it watches and returns what they lead to.
func (s *Store) follow(w *fsnotify.Watcher) (links []string) {
	at := s.dir
	for w.Add(at) != nil {
		above := filepath.Dir(at)
		if above == at {
			return nil
		}
		at = above
	}
	if at != s.dir {
		return nil
	}
	_ = w.Add(filepath.Join(s.dir, ThemesDir)) // it need not be there
	for _, name := range Files() {
		path := filepath.Join(s.dir, name)
		if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
			if to, err := filepath.EvalSymlinks(path); err == nil && w.Add(filepath.Dir(to)) == nil {
				links = append(links, to)
			}
		}
	}
	return links
}
