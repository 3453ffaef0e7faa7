package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/key"
)

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:   "man",
		Short: "Print the manual page",
		Long:  `man prints the manual page, in the language of man(1). It is made from the commands and from the key tables of the UI.`,
		Example: `  podarium man | man -l -
  podarium man > ~/.local/share/man/man1/podarium.1`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return writeMan(cmd.OutOrStdout(), cmd.Root()) },
	}
}

// page writes the language of man(7).
type page struct{ strings.Builder }

// escape lets text stand for itself: no line of it is a request, no backslash an escape, and a hyphen can be searched and copied.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\[u%04X]`, r)
		}
	}
	return b.String()
}

func (p *page) section(name string)    { fmt.Fprintf(p, ".SH %s\n", escape(name)) }
func (p *page) subsection(name string) { fmt.Fprintf(p, ".SS %s\n", escape(name)) }

func (p *page) item(term, text string) {
	fmt.Fprintf(p, ".TP\n.B %s\n", escape(term))
	p.text(text)
}

// text is paragraphs, with a blank line between them.
func (p *page) text(text string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			p.WriteString(".PP\n")
		}
		for line := range strings.SplitSeq(paragraph, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				p.WriteString(escape(line) + "\n")
			}
		}
	}
}

// literal is text as it stands.
func (p *page) literal(text string) {
	p.WriteString(".PP\n.nf\n")
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		p.WriteString(escape(line) + "\n")
	}
	p.WriteString(".fi\n")
}

// writeMan writes the manual page of a root command.
func writeMan(w io.Writer, root *cobra.Command) error {
	p := &page{}
	p.WriteString(".\\\" made by 'podarium man'\n.TH PODARIUM 1 \"\" podarium \"User Commands\"\n")
	p.section("NAME")
	p.text("podarium - " + strings.ToLower(root.Short[:1]) + root.Short[1:])
	p.section("SYNOPSIS")
	p.WriteString(".B podarium\n[\\fIcommand\\fR] [\\fIflags\\fR]\n")
	p.section("DESCRIPTION")
	p.text(root.Long)
	p.section("OPTIONS")
	p.flags(root.Flags(), root.PersistentFlags())
	p.section("EXAMPLES")
	p.literal(root.Example)
	p.section("COMMANDS")
	p.commands(root)
	p.section("EXIT STATUS")
	for _, e := range [][2]string{{"0", "done"}, {"1", "something went wrong; the message says what to do"}, {"2", "the command line is wrong, or the UI has no terminal"}, {"3", "no cluster runs on the data directory where the command needs one"}} {
		p.item(e[0], e[1])
	}
	p.section("ENVIRONMENT")
	for _, e := range [][2]string{
		{"XDG_DATA_HOME", "where clusters are kept: podarium/default in it, or in ~/.local/share"},
		{"XDG_CONFIG_HOME", "where the configuration of the UI is: podarium in it, or in ~/.config"},
		{"XDG_STATE_HOME", "where files saved from the UI go: podarium in it, or in ~/.local/state"},
		{"KUBECONFIG", "the contexts of 'podarium attach' and :ctx, as kubectl has them"},
		{"NO_COLOR", "if set to anything, the UI has no colours"},
		{"EDITOR, KUBE_EDITOR", "what edits objects"},
		{"ETCDCTL_*", "how 'podarium etcd' and 'podarium etcdctl' reach an etcd, as etcdctl has them"},
	} {
		p.item(e[0], e[1])
	}
	p.section("KEYS")
	p.text("Keys can be given other actions in the configuration: 'podarium config keys' prints them as you have them, ? shows those of a screen.")
	for _, s := range tui.KeySections(config.Parse("", nil)) {
		p.subsection(s.Name)
		for _, b := range s.Keys {
			names := make([]string, len(b.Keys))
			for i, k := range b.Keys {
				names[i] = key.Name(k)
			}
			p.item(strings.Join(names, "  "), b.Help)
		}
	}
	p.subsection("Command line")
	p.text("Any resource by its plural, singular, short name or kind, with a namespace, labels or a filter: :deploy, :po kube-system, :svc /web, :pods app=web. And:")
	for _, c := range tui.Commands() {
		p.item(":"+strings.Join(c.Names, " :"), c.Help)
	}
	p.section("SEE ALSO")
	p.text("kubectl(1), etcdctl(1)")
	_, err := io.WriteString(w, p.String())
	return err
}

// commands are those below a command, each with its flags.
func (p *page) commands(c *cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.Hidden || sub.Name() == "help" || sub.Name() == "completion" && sub.HasParent() && sub.Parent().HasParent() {
			continue
		}
		p.subsection(sub.UseLine())
		text := sub.Long
		if text == "" {
			text = sub.Short
		}
		if text != "" && !strings.HasSuffix(strings.TrimSpace(text), ".") {
			text += "."
		}
		p.text(text)
		p.flags(sub.LocalNonPersistentFlags(), sub.PersistentFlags())
		if sub.Example != "" {
			p.literal(sub.Example)
		}
		p.commands(sub)
	}
}

func (p *page) flags(sets ...*pflag.FlagSet) {
	var seen []string
	for _, set := range sets {
		set.VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" || slices.Contains(seen, f.Name) {
				return
			}
			seen = append(seen, f.Name)
			name := "--" + f.Name
			if f.Shorthand != "" {
				name = "-" + f.Shorthand + ", " + name
			}
			kind, usage := pflag.UnquoteUsage(f)
			if kind != "" {
				name += " " + kind
			}
			if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" && d != "0s" {
				usage += " (default " + d + ")"
			}
			p.item(name, usage)
		})
	}
}
