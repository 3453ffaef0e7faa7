package node

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/controllers/node/process"
	"github.com/podarium/podarium/controllers/node/standin"
)

// Catalogue is what a user says of images, beside what comes with the program: it counts first.
type Catalogue struct {
	// Images are for stand-ins, Processes for the process runtime; the catalogue.yaml of each explains the fields.
	Images    []standin.Image `json:"images,omitempty"`
	Processes []process.Image `json:"processes,omitempty"`
}

// ParseCatalogue reads a catalogue file. The error says which entry or field is wrong; unknown fields are.
func ParseCatalogue(data []byte) (Catalogue, error) {
	var c Catalogue
	if err := yaml.UnmarshalStrict(data, &c); err != nil {
		// What the libraries say begins with what they were about.
		return Catalogue{}, fmt.Errorf("%s: a catalogue has images and processes; their fields are in the documentation of images (docs/images.md)", strings.TrimPrefix(err.Error(), "error unmarshaling JSON: while decoding JSON: json: "))
	}
	if _, err := (&standin.Catalogue{}).With(c.Images); err != nil {
		return Catalogue{}, err
	}
	for i, p := range c.Processes {
		if err := p.Validate(); err != nil {
			return Catalogue{}, fmt.Errorf("catalogue of processes: entry %d: %w", i+1, err)
		}
	}
	return c, nil
}
