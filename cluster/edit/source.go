package edit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	// maxManifest bounds one file: nobody writes larger ones, and a wrong path is told from a manifest.
	maxManifest = 32 << 20
	// maxFiles bounds a directory, for the same reason.
	maxFiles = 2000
)

// Source says where manifests are, as kubectl's -f, -R and -k do.
type Source struct {
	// Path is a file, a directory, a pattern of files such as *.yaml, or a URL (http, https).
	Path string
	// Recursive reads the directories below, too.
	Recursive bool
	// Kustomize builds the directory with kustomize. That is done without it too where there is a kustomization file in it.
	Kustomize bool
}

// File is a manifest as it was read.
type File struct {
	// Name is the file, or the URL.
	Name string
	Text []byte
	// Built says that kustomize built the text: Name is the kustomization file.
	Built bool
}

// Read reads manifests in the order in which they are to be applied: the files of a directory (.yaml, .yml, .json) by name, those
// of the directories below after them. What kustomize builds is in the order that kubectl applies it in.
func Read(ctx context.Context, s Source) ([]File, error) {
	if u, err := url.Parse(s.Path); err == nil && (u.Scheme == "http" || u.Scheme == "https") && !s.Kustomize {
		text, err := fetch(ctx, s.Path)
		return []File{{Name: s.Path, Text: text}}, err
	}
	info, err := os.Stat(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(s.Path, "*?["):
		names, globErr := filepath.Glob(s.Path)
		if globErr != nil || len(names) == 0 {
			return nil, fmt.Errorf("%s: no file matches it", s.Path)
		}
		return readFiles(names)
	case err != nil && !s.Kustomize: // kustomize builds from repositories, too
		return nil, err
	case s.Kustomize || info.IsDir() && kustomization(s.Path) != "":
		return build(s.Path)
	case !info.IsDir():
		return readFiles([]string{s.Path})
	}
	names, err := manifestsIn(ctx, s)
	if err != nil {
		return nil, err
	}
	return readFiles(names)
}

// kustomization is the kustomization file of a directory, empty where it has none.
func kustomization(dir string) string {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file
		}
	}
	return ""
}

// build does what kubectl kustomize does: no plugins, nothing from above the directory.
func build(dir string) ([]File, error) {
	o := krusty.MakeDefaultOptions()
	o.Reorder = krusty.ReorderOptionLegacy // as kubectl apply -k: namespaces and CRDs come first
	made, err := krusty.MakeKustomizer(o).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", dir, err)
	}
	text, err := made.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", dir, err)
	}
	name := kustomization(dir)
	if name == "" {
		name = dir
	}
	return []File{{Name: name, Text: text, Built: true}}, nil
}

func manifestsIn(ctx context.Context, s Source) ([]string, error) {
	var names []string
	err := filepath.WalkDir(s.Path, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case e.IsDir() && path != s.Path && !s.Recursive:
			return fs.SkipDir
		case e.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path))):
			return nil
		case len(names) == maxFiles:
			return fmt.Errorf("%s holds more than %d manifests: name a directory further down", s.Path, maxFiles)
		}
		names = append(names, path)
		return nil
	})
	if err == nil && len(names) == 0 {
		hint := ""
		if !s.Recursive {
			hint = ": -R looks below it, too"
		}
		err = fmt.Errorf("%s holds no .yaml, .yml or .json file%s", s.Path, hint)
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return strings.Count(a, string(filepath.Separator)) - strings.Count(b, string(filepath.Separator))
	})
	return names, err
}

func readFiles(names []string) ([]File, error) {
	files := make([]File, 0, len(names))
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular() || info.Size() > maxManifest:
			return nil, fmt.Errorf("%s: %w: no file of at most %d MiB", name, ErrInvalid, maxManifest>>20)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Name: name, Text: text})
	}
	return files, nil
}

// fetch gets a manifest from where the user says. It is no request to a cluster.
func fetch(ctx context.Context, from string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: the server answers %s", from, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxManifest+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", from, err)
	case len(text) > maxManifest:
		return nil, fmt.Errorf("%s: %w: it is larger than %d MiB", from, ErrInvalid, maxManifest>>20)
	}
	return text, nil
}
