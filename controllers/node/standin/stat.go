package standin

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// statTool describes files; -c prints what of it is asked for: %s, %n, %F, %Y, %a, %U, %G, %u and %g.
func statTool(_ context.Context, s *shell, args []string) int {
	var files []string
	format := ""
	for i := 0; i < len(args); i++ {
		switch v, ok := strings.CutPrefix(args[i], "-c"); {
		case ok && v == "" && i+1 < len(args):
			i++
			format = args[i]
		case ok:
			format = v
		case !strings.HasPrefix(args[i], "-"):
			files = append(files, args[i])
		}
	}
	for _, f := range files {
		info, err := s.p.files.stat(s.abs(f), true)
		if err == nil && format != "" {
			kind := "regular file"
			if info.IsDir() {
				kind = "directory"
			}
			fmt.Fprintln(s.stdout, strings.NewReplacer(
				"%s", strconv.FormatInt(info.Size(), 10), "%n", f, "%F", kind, "%Y", strconv.FormatInt(info.ModTime().Unix(), 10),
				"%a", strconv.FormatUint(uint64(info.Mode().Perm()), 8), "%U", "root", "%G", "root", "%u", "0", "%g", "0",
			).Replace(format))
			continue
		}
		if err != nil {
			return s.fail("stat", fmt.Errorf("%s: %w", f, cause(err)))
		}
		fmt.Fprintf(s.stdout, "  File: %s\n  Size: %d\nAccess: (%s)\nModify: %s\n", f, info.Size(), info.Mode(), info.ModTime().UTC())
	}
	return 0
}
