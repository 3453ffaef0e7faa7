package standin

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// user gives the numbers of who the container runs as, the group first among the groups.
func (p *process) user() (user int64, groups []int64) {
	if user = p.spec.User; user < 0 {
		user = p.image.user()
	}
	return user, append([]int64{p.spec.Group}, p.spec.Groups...)
}

// withName is a number as id prints it.
func withName(n int64) string {
	if n == 0 {
		return "0(root)"
	}
	return strconv.FormatInt(n, 10)
}

func id(_ context.Context, s *shell, args []string) int {
	flags, _ := split(args)
	user, groups := s.p.user()
	shown := func(n int64) string {
		if n == 0 && has(flags, 'n', "name") {
			return "root"
		}
		return strconv.FormatInt(n, 10)
	}
	var all, named []string
	for _, g := range groups {
		all, named = append(all, shown(g)), append(named, withName(g))
	}
	switch {
	case has(flags, 'u', "user"):
		fmt.Fprintln(s.stdout, shown(user))
	case has(flags, 'g', "group"):
		fmt.Fprintln(s.stdout, all[0])
	case has(flags, 'G', "groups"):
		fmt.Fprintln(s.stdout, strings.Join(all, " "))
	default:
		fmt.Fprintf(s.stdout, "uid=%s gid=%s groups=%s\n", withName(user), named[0], strings.Join(named, ","))
	}
	return 0
}

func whoami(_ context.Context, s *shell, _ []string) int {
	user, _ := s.p.user()
	if user != 0 {
		fmt.Fprintf(s.stderr, "whoami: unknown uid %d\n", user)
		return 1
	}
	fmt.Fprintln(s.stdout, "root")
	return 0
}
