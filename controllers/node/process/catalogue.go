package process

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

//go:embed catalogue.yaml
var builtin []byte

// Image is what the catalogue says of one image; catalogue.yaml explains the fields.
type Image struct {
	Match   string            `json:"match"`
	Command []string          `json:"command"`
	Ports   []int32           `json:"ports,omitempty"`
	Files   map[string]string `json:"files,omitempty"`
}

// Validate says what is wrong with an entry.
func (i Image) Validate() error {
	switch {
	case i.Match == "":
		return errors.New("match is missing")
	case len(i.Command) == 0:
		return fmt.Errorf("%q: command is missing", i.Match)
	}
	for _, p := range i.Ports {
		if p < 1 || p > 65535 {
			return fmt.Errorf("%q: %d is no port", i.Match, p)
		}
	}
	return nil
}

// Builtin are the images that come with the program.
func Builtin() ([]Image, error) {
	var c struct {
		Processes []Image `json:"processes"`
	}
	if err := yaml.UnmarshalStrict(builtin, &c); err != nil {
		return nil, fmt.Errorf("catalogue of processes: %w", err)
	}
	return c.Processes, nil
}

func (e *Engine) find(name string) Image {
	for _, i := range e.images {
		if ok, err := regexp.MatchString("^"+strings.ReplaceAll(regexp.QuoteMeta(i.Match), `\*`, ".*")+"$", name); err == nil && ok {
			return i
		}
	}
	return Image{}
}

var placeholder = regexp.MustCompile(`\{(port|path|root|ordinal|env|dial|ensemble) ?([^}]*)\}`)

// expand fills in what catalogue.yaml explains: {port 6379}, {port 53/udp}, {path /data}, {root} and so on.
func (p *process) expand(s string) (string, error) {
	var failed error
	out := placeholder.ReplaceAllStringFunc(s, func(m string) string {
		f := placeholder.FindStringSubmatch(m)
		switch f[1] {
		case "port":
			number, protocol, _ := strings.Cut(f[2], "/")
			n, err := strconv.ParseUint(number, 10, 16)
			k := portKey{int32(n), corev1.Protocol(strings.ToUpper(protocol))}
			if protocol == "" {
				k.protocol = corev1.ProtocolTCP
			}
			if _, open := p.ports[k]; err == nil && !open {
				err = p.open(k)
			}
			if err != nil {
				failed = err
			}
			return strconv.Itoa(p.ports[k])
		case "path":
			dir := p.hostPath(f[2])
			if err := os.MkdirAll(dir, 0o700); err != nil {
				failed = err
			}
			return dir
		case "ordinal":
			return ordinal(p.spec.Hostname)
		case "env":
			name, otherwise, _ := strings.Cut(f[2], " ")
			if v := p.env(name); v != "" {
				return v
			}
			if otherwise == "ordinal" {
				return ordinal(p.spec.Hostname)
			}
			return otherwise
		case "dial":
			n, err := p.dialPort(f[2])
			if err != nil {
				failed = err
			}
			return strconv.Itoa(n)
		case "ensemble":
			lines, err := p.ensemble()
			if err != nil {
				failed = err
			}
			return lines
		}
		return filepath.Clean(p.root)
	})
	return out, failed
}

// ordinal is the number at the end of a StatefulSet Pod's name; 0 where there is none.
func ordinal(hostname string) string {
	digits := hostname[strings.LastIndexByte(hostname, '-')+1:]
	if _, err := strconv.Atoi(digits); err != nil {
		return "0"
	}
	return digits
}
