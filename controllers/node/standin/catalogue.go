package standin

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Catalogue says what images do. The zero value knows none; use Default or Load.
type Catalogue struct {
	entries []entry
}

// Image is what the catalogue says of one image.
type Image struct {
	Match     string  `json:"match,omitempty"`
	Pull      Pull    `json:"pull,omitzero"`
	Serve     string  `json:"serve,omitempty"`
	Ports     []int32 `json:"ports,omitempty"`
	Documents string  `json:"documents,omitempty"`
	// Start is how long it takes until the image listens.
	Start *metav1.Duration `json:"start,omitempty"`
	// Status is the HTTP status of its answers, 0 for 200.
	Status int `json:"status,omitempty"`
	// Exit makes it end by itself.
	Exit *Ending `json:"exit,omitempty"`
	// User is who its containers run as, by number.
	User *int64 `json:"user,omitempty"`
	// Memory is in megabytes, CPU in millicores.
	Memory int64 `json:"memory,omitempty"`
	CPU    int64 `json:"cpu,omitempty"`
}

// Pull is what it takes to have an image.
type Pull struct {
	Time  *metav1.Duration `json:"time,omitempty"`
	Size  int64            `json:"size,omitempty"` // megabytes
	Error string           `json:"error,omitempty"`
}

// Ending is how a container ends by itself.
type Ending struct {
	After   metav1.Duration `json:"after"`
	Code    int             `json:"code"`
	Reason  string          `json:"reason,omitempty"`
	Message string          `json:"message,omitempty"`
	Log     string          `json:"log,omitempty"`
}

type entry struct {
	Image
	pattern *regexp.Regexp
}

//go:embed catalogue.yaml
var builtin []byte

var kinds = map[string]bool{"": true, "http": true, "files": true, "redis": true, "zookeeper": true, "postgres": true, "echo": true, "shell": true, "none": true}

// Default is the catalogue that comes with the program.
func Default() (*Catalogue, error) { return (&Catalogue{}).Load(builtin) }

// Load puts the entries of a catalogue file before those of c, so that they count first. The error names what is wrong;
// unknown fields are.
func (c *Catalogue) Load(data []byte) (*Catalogue, error) {
	var file struct {
		Images []Image `json:"images"`
	}
	if err := yaml.UnmarshalStrict(data, &file); err != nil {
		return nil, fmt.Errorf("catalogue of images: %w", err)
	}
	return c.With(file.Images)
}

// With puts entries before those of c, so that they count first. The error names what is wrong.
func (c *Catalogue) With(images []Image) (*Catalogue, error) {
	out := &Catalogue{}
	for i, img := range images {
		fail := func(msg string) error {
			return fmt.Errorf("catalogue of images: entry %d (%q): %s", i+1, img.Match, msg)
		}
		switch {
		case img.Match == "":
			return nil, fail("match is missing")
		case !kinds[img.Serve]:
			return nil, fail(fmt.Sprintf("serve: %q is none of http, files, redis, zookeeper, postgres, echo, shell and none", img.Serve))
		case img.Exit != nil && (img.Exit.Code < 0 || img.Exit.Code > 255):
			return nil, fail("exit.code is not between 0 and 255")
		case img.User != nil && *img.User < 0:
			return nil, fail("user is no number of a user")
		case img.Status != 0 && (img.Status < 100 || img.Status > 599):
			return nil, fail("status is no HTTP status")
		}
		expr := "^" + strings.ReplaceAll(regexp.QuoteMeta(img.Match), `\*`, ".*") + "$"
		p, err := regexp.Compile(expr)
		if err != nil {
			return nil, fail(err.Error())
		}
		out.entries = append(out.entries, entry{img, p})
	}
	out.entries = append(out.entries, c.entries...)
	return out, nil
}

// user is root where the catalogue says nothing.
func (i Image) user() int64 {
	if i.User == nil {
		return 0
	}
	return *i.User
}

// Images are the entries, in the order in which they count.
func (c *Catalogue) Images() []Image {
	var out []Image
	for _, e := range c.entries {
		out = append(out, e.Image)
	}
	return out
}

// Find says what an image does.
func (c *Catalogue) Find(image string) Image {
	name := fullName(image)
	out := Image{Match: name}
	for _, e := range c.entries {
		if !e.pattern.MatchString(name) {
			continue
		}
		first(&out.Pull.Error, e.Pull.Error)
		first(&out.Pull.Size, e.Pull.Size)
		first(&out.Pull.Time, e.Pull.Time)
		first(&out.Serve, e.Serve)
		first(&out.Documents, e.Documents)
		first(&out.Start, e.Start)
		first(&out.Status, e.Status)
		first(&out.Exit, e.Exit)
		first(&out.User, e.User)
		first(&out.Memory, e.Memory)
		first(&out.CPU, e.CPU)
		if out.Ports == nil {
			out.Ports = e.Ports
		}
	}
	return out
}

func first[T comparable](to *T, v T) {
	var zero T
	if *to == zero {
		*to = v
	}
}

// fullName gives an image name its registry and tag where they are left out.
func fullName(image string) string {
	head, _, found := strings.Cut(image, "/")
	switch {
	case !found:
		image = "docker.io/library/" + image
	case !strings.ContainsAny(head, ".:") && head != "localhost":
		image = "docker.io/" + image
	}
	if last := image[strings.LastIndexByte(image, '/')+1:]; !strings.ContainsAny(last, ":@") {
		image += ":latest"
	}
	return image
}

// version is what an image calls itself: its tag, or the beginning of its digest.
func version(image string) string {
	name := fullName(image)
	if _, digest, ok := strings.Cut(name, "@sha256:"); ok {
		return digest[:min(12, len(digest))]
	}
	return name[strings.LastIndexByte(name, ':')+1:]
}

// pullError is what a registry would answer.
func (i Image) pullError(image string) error {
	if i.Pull.Error == "" {
		return nil
	}
	return errors.New("failed to pull and unpack image \"" + fullName(image) + "\": " + i.Pull.Error)
}

func duration(d *metav1.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return d.Duration
}
