// Package config is the user's configuration of the UI: what it may say, how it is read, and how a change of it comes in.
//
// The configuration is a directory, $XDG_CONFIG_HOME/podarium (or ~/.config/podarium), with config.yaml in it, and with
// plugins.yaml, hotkeys.yaml, aliases.yaml and views.yaml where the user keeps those sections in files of their own, which have the
// form that k9s has for them. Themes lie in themes/. All of it is optional.
//
// Reading is strict: an unknown field, a value of the wrong type, a key that is none is a
// Problem with file, line and column, and with the name that was probably meant. A configuration with a problem is not
// used at all: the last good one stays in force. What can be lived with, such as a plugin's key that a screen
// has for itself, is a warning.
package config

import (
	"slices"

	"github.com/podarium/podarium/themes"
)

// Config is everything that can be configured. The help tags make docs/config.md.
type Config struct {
	Theme            Theme                          `yaml:"theme" help:"which themes are used, built-in ones or files of the themes directory"`
	Namespaces       Namespaces                     `yaml:"namespaces" help:"which namespaces the digits lead to, and names for several at once"`
	ReadOnlyContexts []string                       `yaml:"readOnlyContexts" help:"contexts, by their own name or their cluster's, that are opened read-only: * is any text, ? any character; [] is none" default:"prod*, *-prod*, *_prod*, *.prod*, */prod*, *@prod*, *:prod*, *production*"`
	Keys             map[string]map[string][]string `yaml:"keys" help:"other keys for what a screen can do: the screen, the action, its keys; [] takes the action's keys away. 'podarium config keys' lists screens and actions"`
	Aliases          map[string]string              `yaml:"aliases" help:"words for the command line: a resource (v1/pods, apps/v1/deployments, deploy) or a whole command (pods kube-system /dns)"`
	Views            map[string]View                `yaml:"views" help:"other columns for the tables of a kind, by its name (v1/pods, apps/v1/deployments, pods), and by name@NAMESPACE for those of a namespace alone, which may be a regular expression"`
	Jumps            map[string]Jump                `yaml:"jumps" help:"where enter leads from an object of a kind, by its name (argoproj.io/v1alpha1/applications, apps/v1/deployments, pods): to those of another kind that belong to it"`
	Thresholds       Thresholds                     `yaml:"thresholds" help:"from which part of what can be used, in percent, CPU and memory are marked"`
	Logs             Logs                           `yaml:"logs" help:"how logs are shown at first"`
	HotKeys          map[string]HotKey              `yaml:"hotKeys" help:"keys that run a command of the command line"`
	Plugins          map[string]Plugin              `yaml:"plugins" help:"programs that a key runs on the object under the cursor"`
}

// Theme says which themes are used.
type Theme struct {
	Mode  string `yaml:"mode" help:"auto follows the terminal's background, also when it changes; dark and light stay with one" default:"auto"`
	Dark  string `yaml:"dark" help:"theme on a dark background" default:"podarium-dark"`
	Light string `yaml:"light" help:"theme on a light background" default:"podarium-light"`
}

// Namespaces says what the digits lead to.
type Namespaces struct {
	Default    string              `yaml:"default" help:"namespace or set that the UI begins in; empty is the one that the context names, else all; all is all namespaces"`
	Favourites []string            `yaml:"favourites" help:"namespaces and sets behind the keys 1 to 9; 0 is always all namespaces" default:"default, kube-system"`
	Sets       map[string][]string `yaml:"sets" help:"names for several namespaces that are looked at at once"`
}

// Thresholds say from which part of a limit, or of a node, usage is marked.
type Thresholds struct {
	CPU    Levels `yaml:"cpu" help:"of CPU"`
	Memory Levels `yaml:"memory" help:"of memory"`
}

// Levels are two thresholds in percent.
type Levels struct {
	Warn     int `yaml:"warn" help:"marked as poor" default:"70"`
	Critical int `yaml:"critical" help:"marked as bad" default:"90"`
}

// Logs says how logs are shown at first. Keys change each of these while they are looked at.
type Logs struct {
	Tail       int    `yaml:"tail" help:"how many lines of each container to begin with; 0 is all that there are" default:"500"`
	Since      string `yaml:"since" help:"begin with lines no older than that, such as 90s, 15m or 2h, instead of a number of lines"`
	Timestamps bool   `yaml:"timestamps" help:"the time before each line"`
	Wrap       bool   `yaml:"wrap" help:"long lines on several lines of the screen"`
	JSON       bool   `yaml:"json" help:"JSON lines as level, message and key=value"`
	Buffer     int    `yaml:"buffer" help:"how many megabytes of lines are kept; the oldest go first" default:"128"`
}

// HotKey is a key that runs a command.
type HotKey struct {
	ShortCut    string `yaml:"shortCut" help:"the key: ctrl-l, shift-f, f5, K" required:"true"`
	Description string `yaml:"description" help:"what the help says of it"`
	Command     string `yaml:"command" help:"what it runs, as typed after ':'; $NAMESPACE, $NAME and the others of plugins are filled in" required:"true"`
	KeepHistory bool   `yaml:"keepHistory" help:"go back to the screen from where the key was pressed, with esc"`
	Override    bool   `yaml:"override" help:"take the key away from the screens that have it"`
}

// Plugin is a program that a key runs.
type Plugin struct {
	ShortCut        string   `yaml:"shortCut" help:"the key: ctrl-l, shift-f, f5, K; a plugin without one is run by :plugin NAME"`
	Description     string   `yaml:"description" help:"what the help says of it"`
	Scopes          []string `yaml:"scopes" help:"resources it is for, by plural, singular or short name; all is every one; containers is the list of a Pod's containers" required:"true"`
	Command         string   `yaml:"command" help:"the program" required:"true"`
	Args            []string `yaml:"args" help:"its arguments, with $NAME, $NAMESPACE and the other variables filled in, of each its own argument: no shell reads them"`
	Pipes           []string `yaml:"pipes" help:"programs that its output goes through, each with its arguments in one text"`
	Inputs          []Input  `yaml:"inputs" help:"values that are asked for first, each $INPUT_<NAME> in args"`
	Confirm         bool     `yaml:"confirm" help:"ask first"`
	Dangerous       bool     `yaml:"dangerous" help:"it changes the cluster: where that is read-only it is not run"`
	Background      bool     `yaml:"background" help:"run it without giving it the terminal, and show its output"`
	OverwriteOutput bool     `yaml:"overwriteOutput" help:"show only the last line of a background plugin's output, in the status line"`
	Override        bool     `yaml:"override" help:"take the key away from the screens that have it"`
}

// Input is a value that a plugin asks for.
type Input struct {
	Name     string   `yaml:"name" help:"of its variable: $INPUT_<NAME>" required:"true"`
	Label    string   `yaml:"label" help:"what the question says"`
	Type     string   `yaml:"type" help:"string, number, bool or dropdown" default:"string"`
	Required bool     `yaml:"required" help:"an empty value is not taken"`
	Default  string   `yaml:"default" help:"what it begins with"`
	Options  []string `yaml:"options" help:"the values of a dropdown"`
}

// Default is the configuration of someone who has none.
func Default() *Config {
	return &Config{
		Theme:      Theme{Mode: "auto", Dark: themes.Default(true), Light: themes.Default(false)},
		Namespaces: Namespaces{Favourites: []string{"default", "kube-system"}, Sets: map[string][]string{}},
		Keys:       map[string]map[string][]string{},
		Aliases:    map[string]string{},
		Views:      map[string]View{},
		Jumps:      map[string]Jump{},
		Thresholds: Thresholds{CPU: Levels{70, 90}, Memory: Levels{70, 90}},
		Logs:       Logs{Tail: 500, Buffer: 128},
		HotKeys:    map[string]HotKey{},
		Plugins:    map[string]Plugin{},
	}
}

// Modes are what Theme.Mode may be.
func Modes() []string { return []string{"auto", "dark", "light"} }

// InputTypes are what Input.Type may be.
func InputTypes() []string { return []string{"string", "number", "bool", "dropdown"} }

// Expand is the namespaces that a name of the user's means: those of a set, or the one of that name.
func (n Namespaces) Expand(name string) []string {
	if set, ok := n.Sets[name]; ok {
		return slices.Clone(set)
	}
	return []string{name}
}
