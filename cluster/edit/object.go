package edit

import (
	"bytes"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// errNoObject says what an object is to those who wrote something else: the decoders' own words are about Go's types.
var errNoObject = errors.New("this is no object: an object has the fields apiVersion, kind and metadata, each on a line of its own")

// readObject turns a document into an object; nil for an empty one. Fields that stand twice are an error.
func readObject(document []byte) (*unstructured.Unstructured, error) {
	j, err := yaml.YAMLToJSONStrict(document)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	case string(j) == "null":
		return nil, nil
	case !bytes.HasPrefix(j, []byte("{")):
		return nil, fmt.Errorf("%w: %w", ErrInvalid, errNoObject)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(j); err != nil {
		var fields map[string]any
		if yaml.Unmarshal(j, &fields) == nil && fields["kind"] == nil {
			err = fmt.Errorf("the field kind is missing: %w", errNoObject)
		}
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return o, nil
}
