package edit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxManifest bounds one file: nobody writes larger ones, and a wrong path is told from a manifest.
const maxManifest = 32 << 20

// File is a manifest as it was read.
type File struct {
	Name string
	Text []byte
}

// Read reads a manifest, or those of a directory (.yaml, .yml, .json, by name; not below it, as kubectl apply -f), in the order in
// which they are to be applied.
func Read(path string) ([]File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	names := []string{path}
	if info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		names = nil
		for _, e := range entries {
			if !e.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(e.Name()))) {
				names = append(names, filepath.Join(path, e.Name()))
			}
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s: %w: it holds no .yaml, .yml or .json file", path, ErrInvalid)
		}
	}
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
		files = append(files, File{name, text})
	}
	return files, nil
}
