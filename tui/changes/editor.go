package changes

import "os/exec"

// Editor is the user's editor on a file, for Scope.Exec.
func Editor(file string) *exec.Cmd {
	words := editor()
	return exec.Command(words[0], append(words[1:], file)...)
}
