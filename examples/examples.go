// Package examples holds applications and demonstrations as plain manifests, which kubectl applies to any cluster. On
// podarium's own their images are stood in for (controllers/node/standin), so that they serve, log and scale there too.
//
// The opening comment of each file says what it shows: a line that sums it up, more about it, and after "Try:" commands
// that show it, in the order in which they make sense, each on a line with what there is to see behind a #.
package examples

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Example is one manifest.
type Example struct {
	// Name is how it is asked for.
	Name string
	// Summary is its first line, About what follows up to the commands; it may be empty.
	Summary, About string
	// Try are the commands.
	Try []Command
	// Manifest is the whole file.
	Manifest []byte
}

// Command is something to try, for a POSIX shell with podarium in its PATH.
type Command struct {
	Line string
	// Shows says what there is to see; it may be empty.
	Shows string
}

// All lists the examples by name.
func All() ([]Example, error) {
	es, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	var out []Example
	for _, e := range es {
		b, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		x := Example{Name: strings.TrimSuffix(e.Name(), ".yaml"), Manifest: b}
		x.read(string(b))
		out = append(out, x)
	}
	return out, nil
}

// read takes the opening comment of a manifest apart.
func (e *Example) read(manifest string) {
	var about []string
	trying := false
	for line := range strings.Lines(manifest) {
		text, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		switch text = strings.TrimSpace(text); {
		case text == "Try:":
			trying = true
		case trying && text != "":
			line, shows, _ := strings.Cut(text, "  #")
			e.Try = append(e.Try, Command{strings.TrimSpace(line), strings.TrimSpace(shows)})
		case !trying:
			about = append(about, text)
		}
	}
	if len(about) > 0 {
		e.Summary, e.About = about[0], strings.TrimSpace(strings.Join(about[1:], "\n"))
	}
}

// Find gives the example of that name; the error lists those that there are.
func Find(name string) (Example, error) {
	all, err := All()
	if err != nil {
		return Example{}, err
	}
	i := slices.IndexFunc(all, func(e Example) bool { return e.Name == name })
	if i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name)
	}
	return Example{}, fmt.Errorf("no example is called %q: there are %s", name, strings.Join(names, ", "))
}
