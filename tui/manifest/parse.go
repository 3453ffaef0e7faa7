package manifest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/podarium/podarium/cluster/debug"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// show opens the screen for the commands apply and diff.
func show(s *screen.Scope, argument string) (screen.Request, error) {
	r, err := parse(argument)
	if err != nil {
		return nil, err
	}
	r.Namespace = namespace(s)
	return r, nil
}

// namespace is for objects that name none: the one that is worked in.
func namespace(s *screen.Scope) string {
	if ns := session.Of(s).Namespace; ns != "" {
		return ns
	}
	return "default"
}

// parse reads a path with kubectl apply's flags.
func parse(argument string) (Show, error) {
	var r Show
	for _, w := range debug.Words(argument) {
		switch {
		case w == "-f" || w == "--filename":
		case w == "-R" || w == "--recursive":
			r.Recursive = true
		case w == "-k" || w == "--kustomize":
			r.Kustomize = true
		case w == "--server-side":
			r.ServerSide = true
		case w == "--force-conflicts":
			r.ForceConflicts = true
		case strings.HasPrefix(w, "-") && len(w) > 1:
			return Show{}, fmt.Errorf("apply knows no %s: give -R (directories below, too), -k (kustomize), --server-side or --force-conflicts", w)
		case r.Path != "":
			return Show{}, fmt.Errorf("one path at a time: %s or %s (quotes keep blanks in one)", r.Path, w)
		default:
			r.Path = home(w)
		}
	}
	switch {
	case r.Path == "" || r.Path == "-":
		return Show{}, errors.New("name a file, a directory or a URL: apply web.yaml")
	case r.Kustomize && r.Recursive:
		return Show{}, errors.New("-k builds one directory: leave out -R")
	case r.ForceConflicts && !r.ServerSide:
		return Show{}, errors.New("--force-conflicts needs --server-side")
	}
	return r, nil
}

// home is a path with ~ resolved, as shells do.
func home(p string) string {
	if rest, ok := strings.CutPrefix(p, "~"); ok && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		if dir, err := os.UserHomeDir(); err == nil {
			return filepath.Join(dir, rest)
		}
	}
	return p
}

// crumbs say what is applied, and how.
func (r Show) crumbs(rows []row) []string {
	how := []string{"apply"}
	switch {
	case r.Kustomize || len(rows) > 0 && rows[0].built:
		how = append(how, "kustomize")
	case r.Recursive:
		how = append(how, "and below")
	}
	if r.ServerSide {
		how = append(how, "server-side")
	}
	if r.ForceConflicts {
		how = append(how, "forced")
	}
	return []string{strings.Join(how, " "), tail(r.Path)}
}

// tail is the end of a long path, whose beginning says least.
func tail(path string) string {
	const most = 24
	parts := strings.Split(filepath.ToSlash(path), "/")
	for len(parts) > 1 && len(strings.Join(parts, "/")) > most {
		parts = parts[1:]
		path = "…/" + strings.Join(parts, "/")
	}
	return path
}
