// Package examples holds applications and demonstrations as plain manifests, which kubectl applies to any cluster. On
// podarium's own their images are stood in for (controllers/node/standin), so that they serve, log and scale there too.
//
// The first lines of each file say, as comments, what it shows and what to try.
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
	// Summary is its first line, About all of its opening comment.
	Summary, About string
	// Manifest is the whole file.
	Manifest []byte
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
		var about []string
		for line := range strings.Lines(string(b)) {
			text, ok := strings.CutPrefix(line, "#")
			if !ok {
				break
			}
			about = append(about, strings.TrimSpace(text))
		}
		x := Example{Name: strings.TrimSuffix(e.Name(), ".yaml"), Manifest: b, About: strings.Join(about, "\n")}
		if len(about) > 0 {
			x.Summary = about[0]
		}
		out = append(out, x)
	}
	return out, nil
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
