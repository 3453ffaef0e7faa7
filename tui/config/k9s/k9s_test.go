package k9s

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podarium/podarium/tui/config"
)

// files is a directory of k9s with one of everything, in the forms that its own documentation and plugins have.
var files = map[string]string{
	"aliases.yaml": "aliases:\n  dp: deployments\n  sec: v1/secrets\n  mine: apps/v1/deployments\n  \"two words\": pods\n",
	"hotkeys.yaml": `hotKeys:
  shift-0: {shortCut: Shift-0, description: Viewing pods, command: pods}
  bad: {shortCut: Hyper-9, command: pods}
`,
	"plugins.yaml": `plugins:
  # a comment that is kept
  stern:
    shortCut: Ctrl-Y
    confirm: false
    description: "Logs <Stern>"
    scopes: [pods]
    command: stern
    background: false
    args: [--tail, 50, $FILTER, -n, $NAMESPACE, --context, $CONTEXT]
  resize: &resize
    shortCut: r
    description: Resize
    scopes: [pvc]
    command: kubectl
    confirm: true
    dangerous: true
    args: [patch, pvc, $NAME, -p, '{"spec":{"resources":{"requests":{"storage":"$INPUT_SIZE"}}}}']
    inputs:
    - {name: size, label: New size, type: string, required: true}
  resize-again: {<<: *resize, shortCut: Shift-F5}
  values: {shortCut: v, scopes: [helm], command: helm, description: Values}
  strange: {shortCut: v, scopes: [pods], command: x, sudo: true}
  stale: {shortCut: v, scopes: [pods]}
`,
	"plugins/debug.yaml":       "plugins:\n  debug: {shortCut: Shift-D, description: Debug, dangerous: true, scopes: [containers], command: bash, confirm: true, args: [-c, \"kubectl debug -it --context $CONTEXT -n=$NAMESPACE $POD --target=$NAME\"]}\n  stern: {scopes: [pods], command: x}\n",
	"plugins/deep/blame.yml":   "shortCut: b\ndescription: Blame\nscopes: [all]\ncommand: sh\nargs: [-c, \"kubectl-blame $RESOURCE_NAME $NAME | less\"]\n",
	"plugins/broken.yaml":      "plugins: [\n",
	"jumps.yaml":               "jumps:\n  \"argoproj.io/v1alpha1/applications\": {targetGVR: apps/v1/deployments, labelSelector: \"app.kubernetes.io/instance={{.metadata.name}}\"}\n  v1/pods: {targetGVR: v1/nodes}\n",
	"config.yaml":              "k9s:\n  readOnly: true\n  refreshRate: 2\n  ui: {skin: night, enableMouse: true}\n",
	"skins/night.yaml":         "k9s: {body: {fgColor: white, bgColor: \"#101018\"}}\n",
	"clusters/c/x/config.yaml": "k9s: {namespace: {favorites: [all, kube-system, shop]}, readOnly: true, featureGates: {nodeShell: true}}\n",
}

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestImport(t *testing.T) {
	own := tree(t, map[string]string{"aliases.yaml": "# mine\naliases:\n  mine: pods # as I like it\n"})
	m, err := Read(tree(t, files), config.Load(own))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, l := range m.Lines {
		all.WriteString(filepath.ToSlash(l.String()) + "\n")
	}
	for _, want := range []string{
		"taken      aliases.yaml: alias dp\n",
		"not taken  aliases.yaml: alias mine: podarium's configuration has one of that name",
		"not taken  aliases.yaml: alias two words: \"two words\" is not one word",
		"taken      hotkeys.yaml: hot key shift-0\n",
		"not taken  hotkeys.yaml: hot key bad: \"Hyper-9\" is not a key",
		"taken      plugins.yaml: plugin stern\n",
		"taken      plugins.yaml: plugin resize\n",
		"taken      plugins.yaml: plugin resize-again\n",
		"not taken  plugins.yaml: plugin values: podarium's Helm releases take no plugins",
		"not taken  plugins.yaml: plugin strange: unknown field \"sudo\"",
		"not taken  plugins.yaml: plugin stale: command is missing",
		"taken      plugins/debug.yaml: plugin debug\n",
		"not taken  plugins/debug.yaml: plugin stern: another file has one of that name",
		"taken      plugins/deep/blame.yml: plugin blame\n",
		"not taken  plugins/broken.yaml: the file: yaml:",
		"taken      jumps.yaml: jump argoproj.io/v1alpha1/applications\n",
		"not taken  jumps.yaml: jump v1/pods: the jump leads to everything",
		"taken      config.yaml: readOnly\n",
		"not taken  config.yaml: refreshRate: podarium shows changes as they happen",
		"taken      config.yaml: ui.skin night",
		"not taken  config.yaml: ui.enableMouse: the mouse is always on",
		"taken      clusters/*/*/config.yaml: favourite namespaces kube-system, shop\n",
		"not taken  clusters/*/*/config.yaml: readOnly of x: add the contexts",
		"not taken  clusters/c/x/config.yaml: nodeShell:",
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no line %q in\n%s", want, &all)
		}
	}
	if _, err := m.Write(own); err != nil {
		t.Fatal(err)
	}
	got := config.Load(own)
	if err := got.Err(); err != nil {
		t.Fatal(err)
	}
	if p := got.Plugins["resize-again"]; p.ShortCut != "shift+f5" || p.Command != "kubectl" || len(p.Inputs) != 1 || !p.Dangerous {
		t.Errorf("an anchor is lost: %+v", p)
	}
	if p := got.Plugins["stern"]; len(p.Args) != 7 || p.Args[1] != "50" || p.Description != "Logs <Stern>" {
		t.Errorf("stern: %+v", p)
	}
	if got.Theme.Dark != "night" || got.Themes["night"] == nil || got.Aliases["mine"] != "pods" || got.Aliases["dp"] != "deployments" || got.HotKeys["shift-0"].Command != "pods" {
		t.Errorf("%+v", got.Config)
	}
	if len(got.ReadOnlyContexts) != 1 || len(got.Namespaces.Favourites) != 2 {
		t.Errorf("%v %v", got.ReadOnlyContexts, got.Namespaces)
	}
	text, err := os.ReadFile(filepath.Join(own, "aliases.yaml"))
	if err != nil || !strings.Contains(string(text), "# mine\n") || !strings.Contains(string(text), "# as I like it") {
		t.Errorf("the user's comments are lost: %v\n%s", err, text)
	}
	if old, err := os.ReadFile(filepath.Join(own, "aliases.yaml.bak")); err != nil || !strings.Contains(string(old), "mine: pods") {
		t.Errorf("no copy of the old file: %v", err)
	}

	// A second time there is nothing left to take.
	m, err = Read(tree(t, files), config.Load(own))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Lines {
		if l.Taken {
			t.Errorf("taken twice: %s", l)
		}
	}
	if written, err := m.Write(own); err != nil || len(written) != 0 {
		t.Errorf("wrote %v, %v", written, err)
	}
	if _, err := Read(filepath.Join(own, "none"), config.Load(own)); err == nil || !strings.Contains(err.Error(), "name its directory") {
		t.Errorf("a directory that there is not: %v", err)
	}
}
