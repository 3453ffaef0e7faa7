package node

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/controllers/node/process"
	"github.com/podarium/podarium/controllers/node/standin"
)

// Catalogue says what images are, beyond what comes with the program.
type Catalogue struct {
	// Images are for stand-ins, Processes for the process runtime; the catalogue.yaml of each explains the fields.
	Images    []standin.Image `json:"images,omitempty"`
	Processes []process.Image `json:"processes,omitempty"`
}

// InForce is the catalogue with what comes with the program behind it: what counts first comes first.
func (c Catalogue) InForce() (Catalogue, error) {
	own, err := standin.Default()
	if err != nil {
		return Catalogue{}, err
	}
	processes, err := process.Builtin()
	if err != nil {
		return Catalogue{}, err
	}
	return Catalogue{Images: append(c.Images, own.Images()...), Processes: append(c.Processes, processes...)}, nil
}

// ParseCatalogue reads a catalogue file. The error says which line, entry or field is wrong; unknown fields are.
func ParseCatalogue(data []byte) (Catalogue, error) {
	var c Catalogue
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return Catalogue{}, err // with the line
	}
	unknown, err := kjson.UnmarshalStrict(text, &c)
	if err != nil {
		return Catalogue{}, fmt.Errorf("%s: %s", strings.TrimPrefix(err.Error(), "json: "), catalogueHelp)
	}
	if len(unknown) > 0 {
		var all []string
		for _, u := range unknown {
			all = append(all, located(data, u.Error()))
		}
		return Catalogue{}, fmt.Errorf("%s: %s", strings.Join(all, "; "), catalogueHelp)
	}
	if _, err := (&standin.Catalogue{}).With(c.Images); err != nil {
		return Catalogue{}, err
	}
	for i, p := range c.Processes {
		if err := p.Validate(); err != nil {
			return Catalogue{}, fmt.Errorf("catalogue of processes: entry %d: %w", i+1, err)
		}
	}
	if len(c.Images)+len(c.Processes) == 0 {
		return Catalogue{}, errors.New("it is empty: " + catalogueHelp)
	}
	return c, nil
}

const catalogueHelp = "a catalogue has images and processes; their fields are in the documentation of images (docs/images.md)"

// step is one part of a field's path, such as .images or [0].
var step = regexp.MustCompile(`[^.\[\]]+|\[\d+\]`)

// located puts the line in front of an error that names a field by its path: unknown field "images[0].colour".
func located(data []byte, message string) string {
	_, path, found := strings.Cut(message, `"`)
	path = strings.TrimSuffix(path, `"`)
	var root yamlv3.Node
	if err := yamlv3.Unmarshal(data, &root); err != nil || !found || len(root.Content) == 0 {
		return message
	}
	at := root.Content[0]
	line := at.Line
	for _, s := range step.FindAllString(path, -1) {
		if i, err := strconv.Atoi(strings.Trim(s, "[]")); err == nil && at.Kind == yamlv3.SequenceNode && i < len(at.Content) {
			at = at.Content[i]
			line = at.Line
			continue
		}
		for i := 0; at.Kind == yamlv3.MappingNode && i+1 < len(at.Content); i += 2 {
			if at.Content[i].Value == s {
				line, at = at.Content[i].Line, at.Content[i+1]
				break
			}
		}
	}
	name := path[strings.LastIndexByte(path, '.')+1:]
	return fmt.Sprintf("line %d: unknown field %q", line, name)
}
