package standin

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// known says whether there is such a command: a small tool, a builtin of the shell, or a script among the files.
func (p *process) known(name string) bool {
	if p.image.Serve == "none" && p.resident == nil {
		return false // such an image has its program only
	}
	if p.commandOf(name) != nil {
		return true
	}
	if known(path.Base(name)) && (!strings.Contains(name, "/") || inBin(name)) {
		return true
	}
	if !strings.Contains(name, "/") {
		return false
	}
	info, err := p.files.stat(name, true)
	return err == nil && !info.IsDir()
}

func known(name string) bool {
	return tools()[name] != nil || isShell(name) || interp.IsBuiltin(name)
}

func inBin(name string) bool {
	switch path.Dir(name) {
	case "/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin":
		return true
	}
	return false
}

func isShell(name string) bool {
	switch path.Base(name) {
	case "sh", "bash", "ash", "dash":
		return true
	}
	return false
}

// single says whether a script is one command, which a shell is then replaced by.
func single(script string, lang syntax.LangVariant) bool {
	f, err := syntax.NewParser(syntax.Variant(lang)).Parse(strings.NewReader(script), "")
	if err != nil || len(f.Stmts) != 1 || f.Stmts[0].Background || f.Stmts[0].Negated {
		return false
	}
	_, ok := f.Stmts[0].Cmd.(*syntax.CallExpr)
	return ok
}

// scripted says whether a command is run by a shell of its own.
func (p *process) scripted(name string) bool {
	return p.commandOf(name) == nil && (isShell(name) || strings.Contains(name, "/") && !inBin(name))
}

// echoFlags makes of echo -en what the interpreter knows: echo -e -n.
func echoFlags(args []string) []string {
	out := args[:1:1]
	for i, a := range args[1:] {
		if len(a) < 2 || a[0] != '-' || strings.Trim(a[1:], "neE") != "" {
			return append(out, args[i+1:]...)
		}
		for _, flag := range a[1:] {
			out = append(out, "-"+string(flag))
		}
	}
	return out
}
