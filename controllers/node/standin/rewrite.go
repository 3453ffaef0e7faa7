package standin

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// adapt rewrites what the interpreter does not know or knows of the host: descriptors above 2, and $$.
func (s *shell) adapt(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.ParamExp:
		if n.Param != nil && n.Param.Value == "$" && n.Exp == nil && !n.Length {
			n.Short = false
			n.Param.Value = "podarium_pid"
			n.Exp = &syntax.Expansion{Op: syntax.DefaultUnsetOrNull, Word: &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: strconv.Itoa(s.pid)}}}}
		}
	case *syntax.Stmt:
		adaptRedirections(n)
		if n.Background && s.jobs != nil {
			s.jobs.adaptJob(n)
		}
	}
}

// adaptText is a script in which that is rewritten, for what parses it by itself; what is no script is left as it is.
func (s *shell) adaptText(script string) string {
	if !strings.Contains(script, "$$") && !strings.ContainsAny(script, "<>&") {
		return script
	}
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return script
	}
	syntax.Walk(f, func(n syntax.Node) bool {
		s.adapt(n)
		return true
	})
	var b strings.Builder
	if err := syntax.NewPrinter().Print(&b, f); err != nil {
		return script
	}
	return b.String()
}

// adaptRedirections makes commands of the redirections of descriptors above 2. For exec they are all made commands, one by one:
// each builds on those before.
func adaptRedirections(st *syntax.Stmt) {
	call, _ := st.Cmd.(*syntax.CallExpr)
	exec := call != nil && len(call.Args) == 1 && call.Args[0].Lit() == "exec"
	var before []*syntax.Stmt
	var kept []*syntax.Redirect
	for _, r := range st.Redirs {
		adaptSource(r)
		switch n, ok := target(r); {
		case ok && opens(r.Op):
			before = append(before, &syntax.Stmt{Cmd: &syntax.CallExpr{Args: []*syntax.Word{
				literal(openDescriptor), literal(strconv.Itoa(n)), literal(r.Op.String()), r.Word}}})
		case exec:
			before = append(before, &syntax.Stmt{Cmd: &syntax.CallExpr{Args: []*syntax.Word{literal("exec")}}, Redirs: []*syntax.Redirect{r}})
		default:
			kept = append(kept, r)
		}
	}
	if len(before) == 0 || len(before) == 1 && exec && before[0].Redirs != nil {
		return
	}
	if !exec {
		inner := *st
		inner.Comments, inner.Negated, inner.Background, inner.Coprocess, inner.Disown = nil, false, false, false, false
		if inner.Redirs = kept; st.Cmd != nil {
			before = append(before, &inner)
		}
	}
	st.Cmd, st.Redirs = &syntax.Block{Stmts: before}, nil
}

func target(r *syntax.Redirect) (int, bool) {
	if r.N == nil {
		return 0, false
	}
	return digits(r.N.Value)
}

func opens(op syntax.RedirOperator) bool {
	switch op {
	case syntax.RdrOut, syntax.RdrClob, syntax.AppOut, syntax.RdrIn, syntax.RdrInOut, syntax.DplOut, syntax.DplIn:
		return true
	}
	return false
}

// adaptSource makes of >&3 and <&3 what the interpreter can open, where the target is one that it knows.
func adaptSource(r *syntax.Redirect) {
	fd, ok := digits(r.Word.Lit())
	if _, high := target(r); !ok || high {
		return
	}
	switch r.Op {
	case syntax.DplOut:
		r.Op, r.Word = syntax.AppOut, literal(descriptorDir+strconv.Itoa(fd))
	case syntax.DplIn:
		r.Op, r.Word = syntax.RdrIn, literal(descriptorDir+strconv.Itoa(fd))
	}
}

func literal(s string) *syntax.Word {
	return &syntax.Word{Parts: []syntax.WordPart{&syntax.SglQuoted{Value: s}}}
}
