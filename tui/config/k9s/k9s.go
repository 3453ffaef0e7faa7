// Package k9s takes over a user's configuration of k9s: aliases, hot keys, plugins, views, and what of its settings has a
// counterpart. It says of every entry whether it was taken, and if not, why.
//
// Nothing of the user's is lost: what is in podarium's configuration already stays as it is, and a file that gets more
// entries keeps its comments and is copied to NAME.bak first.
package k9s

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podarium/podarium/tui/config"
)

// Line says what became of one entry.
type Line struct {
	// File is the file of k9s, relative to its directory.
	File string
	// What is the entry: "plugin stern".
	What  string
	Taken bool
	// Why it was not taken, or what to know of it; may be empty where it was.
	Why string
}

func (l Line) String() string {
	mark := "taken    "
	if !l.Taken {
		mark = "not taken"
	}
	text := fmt.Sprintf("%s  %s: %s", mark, l.File, l.What)
	if l.Why != "" {
		text += ": " + l.Why
	}
	return text
}

// Dir is where k9s keeps its configuration: $K9S_CONFIG_DIR, else k9s in the place that the system has for configurations.
func Dir() (string, error) {
	if d := os.Getenv("K9S_CONFIG_DIR"); d != "" {
		return d, nil
	}
	own, err := config.Dir()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(own), "k9s"), nil
}

// Import is what would be taken over.
type Import struct {
	Lines []Line
	// Themes are themes made of skins, by their names, as YAML.
	Themes map[string][]byte

	into *config.Source
	add  []entry
}

// entry is a value for podarium's configuration.
type entry struct {
	file string   // of podarium's
	path []string // in it: "plugins", "stern"
	node *yaml.Node
}

// Read reads k9s's configuration and says what of it can be taken into podarium's, which into is. It writes nothing.
func Read(dir string, into *config.Source) (*Import, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("no configuration of k9s: %w: name its directory", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory: name the one that holds k9s's config.yaml", dir)
	}
	m := &Import{into: into, Themes: map[string][]byte{}}
	m.entries(dir, "aliases.yaml", []string{"aliases", "alias"}, "aliases", "alias")
	m.entries(dir, "hotkeys.yaml", []string{"hotKeys", "hotKey"}, "hotKeys", "hot key")
	m.plugins(dir)
	m.entries(dir, "views.yaml", []string{"views"}, "views", "view")
	m.entries(dir, "jumps.yaml", []string{"jumps"}, "jumps", "jump")
	m.settings(dir)
	return m, nil
}

func (m *Import) say(file, what string, taken bool, why string) {
	m.Lines = append(m.Lines, Line{File: file, What: what, Taken: taken, Why: why})
}

// load reads a file of k9s; nil where there is none, or it is none.
func (m *Import) load(dir, file string) *yaml.Node {
	raw, err := os.ReadFile(filepath.Join(dir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var doc yaml.Node
	if err == nil {
		err = yaml.Unmarshal(raw, &doc)
	}
	if err != nil {
		m.say(file, "the file", false, err.Error())
		return nil
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	return doc.Content[0]
}

// entries takes the entries of a section, which k9s may call by several names.
func (m *Import) entries(dir, file string, names []string, section, what string) {
	root := m.load(dir, file)
	for _, name := range names {
		for k, v := range pairs(field(root, name)) {
			m.offer(file, what+" "+k.Value, section+".yaml", []string{section, k.Value}, v)
		}
	}
}

// plugins takes those of plugins.yaml, and of the files and folders of plugins/, each of which holds several, or one.
func (m *Import) plugins(dir string) {
	files := []string{"plugins.yaml"}
	_ = filepath.WalkDir(filepath.Join(dir, "plugins"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) {
			if rel, err := filepath.Rel(dir, path); err == nil {
				files = append(files, rel)
			}
		}
		return nil // what cannot be read is no plugin
	})
	for _, file := range files {
		root := m.load(dir, file)
		if field(root, "command") != nil { // a file for one plugin, which is called as the file is
			name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
			m.plugin(file, name, root)
			continue
		}
		for _, section := range []string{"plugins", "plugin"} {
			for k, v := range pairs(field(root, section)) {
				m.plugin(file, k.Value, v)
			}
		}
	}
}

// elsewhere are scopes that are no resources, and what podarium has in their place.
var elsewhere = map[string]string{
	"helm": "podarium's Helm releases take no plugins", "history": "podarium's Helm releases take no plugins", "contexts": "contexts are a dialog in podarium (:ctx)",
	"dir": "podarium has :apply and :diff for directories", "xray": "podarium's tree takes those of the object itself", "aliases": "podarium has no list of aliases",
}

func (m *Import) plugin(file, name string, v *yaml.Node) {
	if scopes := field(v, "scopes"); scopes != nil && len(scopes.Content) > 0 {
		var without []string
		for _, s := range scopes.Content {
			if why, ok := elsewhere[strings.ToLower(s.Value)]; ok && !slices.Contains(without, why) {
				without = append(without, why)
			}
		}
		if len(without) > 0 && len(without) == len(scopes.Content) {
			m.say(file, "plugin "+name, false, strings.Join(without, "; "))
			return
		}
	}
	m.offer(file, "plugin "+name, "plugins.yaml", []string{"plugins", name}, v)
}

// offer takes an entry if podarium's configuration has none of its name and would be good with it.
func (m *Import) offer(file, what, target string, path []string, v *yaml.Node) {
	if m.into.Given(path...) {
		m.say(file, what, false, "podarium's configuration has one of that name")
		return
	}
	e := entry{file: map[string]string{"hotKeys.yaml": "hotkeys.yaml"}[target], path: path, node: plain(v)}
	if e.file == "" {
		e.file = target
	}
	if slices.ContainsFunc(m.add, func(o entry) bool { return slices.Equal(o.path, path) }) {
		m.say(file, what, false, "another file has one of that name")
		return
	}
	raw, err := yaml.Marshal(e.tree())
	if err != nil {
		m.say(file, what, false, err.Error())
		return
	}
	src := config.Parse("", raw)
	if err := src.Err(); err != nil {
		var problems config.Problems
		why := err.Error()
		if errors.As(err, &problems) {
			var texts []string
			for _, p := range problems {
				texts = append(texts, p.Text)
			}
			why = strings.Join(texts, "; ")
		}
		m.say(file, what, false, why)
		return
	}
	m.add = append(m.add, e)
	m.say(file, what, true, "")
}

// tree is the entry alone, as a document.
func (e entry) tree() *yaml.Node {
	at := e.node
	for i := len(e.path) - 1; i >= 0; i-- {
		at = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: e.path[i]}, at}}
	}
	return at
}
