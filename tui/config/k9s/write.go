package k9s

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/podarium/podarium/tui/config"
)

// Write adds what was taken to podarium's configuration in dir, and returns the files that it wrote. A file that was there
// is copied to NAME.bak.
func (m *Import) Write(dir string) (written []string, err error) {
	byFile := map[string][]entry{}
	for _, e := range m.add {
		byFile[e.file] = append(byFile[e.file], e)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Themes)) { // themes first: the configuration names them
		path := filepath.Join(dir, config.ThemesDir, name+".yaml")
		if err := write(path, m.Themes[name]); err != nil {
			return written, err
		}
		written = append(written, path)
	}
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		path := filepath.Join(dir, file)
		raw, err := merged(path, byFile[file])
		if err != nil {
			return written, err
		}
		if err := write(path, raw); err != nil {
			return written, err
		}
		written = append(written, path)
	}
	return written, nil
}

// merged is a file with entries added, and the copy of the old one on disk.
func merged(path string, add []entry) ([]byte, error) {
	var doc yaml.Node
	old, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := yaml.Unmarshal(old, &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := write(path+".bak", old); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if len(doc.Content) == 0 {
		doc = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	for _, e := range add {
		if err := put(doc.Content[0], e.path, e.node); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

// put sets the value at a path, and makes the mappings on the way.
func put(n *yaml.Node, path []string, v *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: names and values are expected there", n.Line)
	}
	child := field(n, path[0])
	switch {
	case len(path) == 1 && child == nil:
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]}, v)
		return nil
	case len(path) == 1:
		*child = *v
		return nil
	case child == nil:
		child = &yaml.Node{Kind: yaml.MappingNode}
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]}, child)
	case child.Tag == "!!null":
		*child = yaml.Node{Kind: yaml.MappingNode}
	}
	n.Style &^= yaml.FlowStyle
	return put(child, path[1:], v)
}

func write(path string, raw []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}
