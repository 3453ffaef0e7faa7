package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"

	"github.com/podarium/podarium/themes"
	"github.com/podarium/podarium/tui/config"
)

func newTheme() *cobra.Command {
	c := &cobra.Command{
		Use:   "theme",
		Short: "List and show the themes of the UI, and import skins of k9s",
		Long: `theme lists and shows the themes of the UI, those that are built in and your own, and makes themes of k9s's skins. Which
one is used, --theme says for once, ':theme NAME' in the UI until it is left, and 'theme' in the configuration for good.`,
		Example: `  podarium theme list
  podarium theme show okabe-ito
  podarium theme show podarium-dark -o yaml > ~/.config/podarium/themes/mine.yaml
  podarium theme import ~/.config/k9s/skins/dracula.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newThemeList(), newThemeShow(), newThemeImport())
	return c
}

// completeTheme completes the names of all themes.
func completeTheme(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return allThemes(), cobra.ShellCompDirectiveNoFileComp
}

// completeThemeFlag completes what --theme takes.
func completeThemeFlag(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return append(config.Modes(), allThemes()...), cobra.ShellCompDirectiveNoFileComp
}

func allThemes() []string {
	dir, err := config.Dir()
	if err != nil {
		return themes.Names()
	}
	return config.Load(dir).ThemeNames()
}

func newThemeList() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "list", Short: "List the themes", Args: noArgs, Aliases: []string{"ls"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := openConfig()
			if err != nil {
				return err
			}
			src, _ := s.Current() // it is good
			return listThemes(cmd, src, output)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return c
}

func listThemes(cmd *cobra.Command, src *config.Source, output string) error {
	type row struct {
		Name    string `json:"name"`
		Variant string `json:"variant"`
		Source  string `json:"source"`
		Used    string `json:"used,omitempty"`
	}
	var rows []row
	for _, name := range src.ThemeNames() {
		t, err := src.LoadTheme(name)
		if err != nil {
			return err
		}
		r := row{Name: name, Variant: string(t.Variant), Source: "built in"}
		if _, own := src.Themes[name]; own {
			r.Source = "your own"
		}
		switch name {
		case src.Theme.Dark:
			r.Used = "on a dark background"
		case src.Theme.Light:
			r.Used = "on a light background"
		}
		rows = append(rows, r)
	}
	switch output {
	case "json":
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(rows)
	case "table":
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 3, ' ', 0)
		fmt.Fprintln(w, "NAME\tVARIANT\tSOURCE\tUSED")
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Name, r.Variant, r.Source, r.Used)
		}
		return w.Flush()
	default:
		return exitError{exitUsage, fmt.Errorf("--output is %q: give table or json", output)}
	}
}

func newThemeShow() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "show NAME", Short: "Show the colours of a theme, and what of it is hard to read", Args: cobra.ExactArgs(1), ValidArgsFunction: completeTheme,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := config.Dir()
			if err != nil {
				return err
			}
			t, err := config.Load(dir).LoadTheme(args[0])
			if err != nil {
				return exitError{exitUsage, err}
			}
			switch output {
			case "yaml":
				_, err := cmd.OutOrStdout().Write(t.YAML())
				return err
			case "table":
				return showTheme(cmd, t)
			default:
				return exitError{exitUsage, fmt.Errorf("--output is %q: give table or yaml", output)}
			}
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "table", "table, or yaml for a file of your own")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "yaml"}, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return c
}

// showTheme prints each role in its colour, on the theme's ground, as the terminal can show it.
func showTheme(cmd *cobra.Command, t *themes.Theme) error {
	w := &colorprofile.Writer{Forward: cmd.OutOrStdout(), Profile: colorprofile.Detect(cmd.OutOrStdout(), os.Environ())}
	if os.Getenv("NO_COLOR") != "" {
		w.Profile = colorprofile.ASCII
	}
	fmt.Fprintf(w, "%s, for a %s background\n\n", t.Name, t.Variant)
	for _, r := range themes.Roles() {
		c, ground := t.Colour(r), t.Colour(themes.Background).RGB
		sample, contrast := " ● the text of a row ", ""
		switch {
		case slices.Contains(themes.Surfaces(), r):
			ground, c = c.RGB, t.Colour(themes.Text)
		case r == themes.Rule:
			sample = " ─────────────────── "
		default:
			least := 21.0
			for _, g := range themes.Surfaces() {
				least = min(least, themes.Contrast(c.RGB, t.Colour(g).RGB))
			}
			contrast = fmt.Sprintf("contrast %.1f", least)
		}
		ansi := "default"
		if n := t.Colour(r).ANSI; n >= 0 {
			ansi = fmt.Sprint(n)
		}
		line := fmt.Sprintf("  %-11s \x1b[38;2;%s;48;2;%sm%s\x1b[m  %s  %-7s  %s", r, rgb(c.RGB), rgb(ground), sample, hexOf(t.Colour(r).RGB), ansi, contrast)
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	for _, e := range themes.Check(t) {
		fmt.Fprintln(w, "\n▲", e)
	}
	return nil
}

func rgb(c color.RGBA) string   { return fmt.Sprintf("%d;%d;%d", c.R, c.G, c.B) }
func hexOf(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func newThemeImport() *cobra.Command {
	var name, variant string
	var force bool
	c := &cobra.Command{
		Use: "import FILE", Short: "Make a theme of a skin of k9s, and say what could not be taken as it is", Args: cobra.ExactArgs(1),
		Long: `import makes a theme of a skin of k9s in your themes directory. A skin colours elements of k9s's screen, a theme says what
a colour means; each role takes the colour of the element that is most like it. Colours that could not be read on their
ground are made lighter or darker until they can.`,
		Example: `  podarium theme import ~/.config/k9s/skins/dracula.yaml
  podarium theme import one_light.yml --name paper --variant light`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				name = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			}
			return importTheme(cmd, args[0], name, themes.Variant(variant), force)
		},
	}
	c.Flags().StringVar(&name, "name", "", "what the theme is called (default: as the file)")
	c.Flags().StringVar(&variant, "variant", "", "dark or light (default: by the skin's background)")
	c.Flags().BoolVar(&force, "force", false, "replace a theme of that name")
	_ = c.RegisterFlagCompletionFunc("variant", cobra.FixedCompletions([]string{"dark", "light"}, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return c
}

func importTheme(cmd *cobra.Command, file, name string, variant themes.Variant, force bool) error {
	if variant != "" && variant != themes.Dark && variant != themes.Light {
		return exitError{exitUsage, fmt.Errorf("--variant is %q: give dark or light", variant)}
	}
	if name == "" || strings.ContainsAny(name, "/\\ \t:#'\"{}[]") || strings.HasPrefix(name, ".") {
		return exitError{exitUsage, fmt.Errorf("%q is no name for a theme: give one word with --name", name)}
	}
	if slices.Contains(themes.Names(), name) || slices.Contains(config.Modes(), name) {
		return exitError{exitUsage, fmt.Errorf("%s is a built-in one: give another name with --name", name)}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	t, notes, err := themes.FromSkin(name, variant, raw)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("%s: %w", file, err)}
	}
	dir, err := config.Dir()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, config.ThemesDir, name+".yaml")
	if _, err := os.Stat(path); err == nil && !force {
		return fmt.Errorf("%s is there already: --force replaces it, --name gives this one another name", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, t.YAML(), 0o600); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	for _, n := range notes {
		fmt.Fprintln(out, "note:", n)
	}
	fmt.Fprintf(out, "wrote %s\nuse it once with 'podarium --theme %s', for good with 'theme: {%s: %s}' in %s\n", path, name, t.Variant, name, filepath.Join(dir, "config.yaml"))
	return nil
}
