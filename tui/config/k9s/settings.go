package k9s

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podarium/podarium/themes"
)

// without says of settings of k9s that have no counterpart why that is.
var without = map[string]string{
	"refreshRate":         "podarium shows changes as they happen",
	"apiServerTimeout":    "each call of podarium has its own limit, and none blocks the screen",
	"maxConnRetry":        "podarium tries again until it succeeds",
	"noExitOnCtrlC":       "give quit another key: keys: {Everywhere: {quit: []}}",
	"skipLatestRevCheck":  "podarium never asks for updates",
	"disablePodCounting":  "counting costs podarium nothing",
	"shellPod":            "a shell on a node is not part of podarium",
	"imageScans":          "podarium scans no images",
	"logger":              "podarium keeps a million lines in bounded memory",
	"thresholds":          "podarium has no thresholds for colours",
	"screenDumpDir":       "podarium saves to its state directory, and says where",
	"liveViewAutoRefresh": "YAML and descriptions are always live in podarium",
	"portForwardAddress":  "podarium forwards on localhost only",
	"gpuVendors":          "podarium has no columns for GPUs",
	"defaultView":         "start podarium with -c VIEW",
	"keepMissingClusters": "podarium keeps no list of clusters",
}

// withoutUI is the same for the section ui.
var withoutUI = map[string]string{
	"enableMouse": "the mouse is always on", "headless": "the header is one line", "logoless": "there is no logo", "crumbsless": "crumbs are in the title line",
	"splashless": "there is no splash screen", "noIcons": "there are no icons but the glyphs of health", "reactive": "podarium always takes changes of its configuration live",
	"defaultsToFullScreen": "text always has the whole screen", "useFullGVRTitle": "titles are as kubectl calls the kind", "invert": "podarium has a dark and a light theme, and follows the terminal",
}

// settings takes what there is a counterpart for of config.yaml, and of the files of the clusters.
func (m *Import) settings(dir string) {
	const file = "config.yaml"
	root := field(m.load(dir, file), "k9s")
	for k, v := range pairs(root) {
		switch k.Value {
		case "readOnly":
			if text(v) == "true" {
				m.offer(file, "readOnly", file, []string{"readOnlyContexts"}, list("*"))
			}
		case "ui":
			for k, v := range pairs(v) {
				if k.Value == "skin" {
					m.skin(dir, file, text(v))
				} else {
					m.say(file, "ui."+k.Value, false, orElse(withoutUI[k.Value], "podarium has no such setting"))
				}
			}
		default:
			m.say(file, k.Value, false, orElse(without[k.Value], "podarium has no such setting"))
		}
	}
	m.clusters(dir)
}

// skin makes a theme of the skin in force.
func (m *Import) skin(dir, file, name string) {
	what := "ui.skin " + name
	raw, err := os.ReadFile(filepath.Join(dir, "skins", filepath.Base(name)+".yaml"))
	if err != nil {
		m.say(file, what, false, "its file is not in skins/: "+err.Error())
		return
	}
	t, notes, err := themes.FromSkin(name, "", raw)
	if err != nil {
		m.say(file, what, false, err.Error())
		return
	}
	if _, ok := m.into.Themes[name]; ok || slices.Contains(themes.Names(), name) {
		m.say(file, what, false, "podarium has a theme of that name")
		return
	}
	m.Themes[name] = t.YAML()
	why := ""
	if len(notes) > 0 {
		why = "with other colours where needed; 'podarium theme import' says which"
	}
	m.say(file, what, true, why)
	path := []string{"theme", string(t.Variant)}
	if m.into.Given(path...) {
		m.say(file, "theme "+string(t.Variant), false, "podarium's configuration names one")
		return
	}
	m.add = append(m.add, entry{file: file, path: path, node: &yaml.Node{Kind: yaml.ScalarNode, Value: name}})
}

// clusters takes the favourite namespaces of the contexts: podarium has one list for all.
func (m *Import) clusters(dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "clusters", "*", "*", "config.yaml")) // the pattern is well formed
	var favourites, read []string
	for _, path := range files {
		file, err := filepath.Rel(dir, path)
		if err != nil {
			continue
		}
		root := field(m.load(dir, file), "k9s")
		if f := at(root, "namespace", "favorites"); f != nil {
			for _, n := range f.Content {
				if ns := text(n); ns != "" && ns != "all" && !slices.Contains(favourites, ns) {
					favourites = append(favourites, ns)
				}
			}
		}
		if text(field(root, "readOnly")) == "true" {
			read = append(read, filepath.Base(filepath.Dir(path)))
		}
		if s := text(field(root, "skin")); s != "" {
			m.say(file, "skin "+s, false, "podarium has one theme for all clusters: 'podarium theme import' takes it")
		}
		if gates := field(root, "featureGates"); text(field(gates, "nodeShell")) == "true" {
			m.say(file, "nodeShell", false, without["shellPod"])
		}
	}
	where := filepath.Join("clusters", "*", "*", "config.yaml")
	if len(favourites) > 9 {
		m.say(where, "favourite namespaces "+strings.Join(favourites[9:], ", "), false, "there are nine digits for them")
		favourites = favourites[:9]
	}
	if len(favourites) > 0 {
		m.offer(where, "favourite namespaces "+strings.Join(favourites, ", "), "config.yaml", []string{"namespaces", "favourites"}, list(favourites...))
	}
	if len(read) > 0 {
		m.say(where, "readOnly of "+strings.Join(read, ", "), false, "add the contexts to readOnlyContexts, beside those that are read-only by their name")
	}
}

func list(items ...string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, i := range items {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: i, Style: yaml.DoubleQuotedStyle})
	}
	return n
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
