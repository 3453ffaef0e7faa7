// Package helm reads the releases that Helm 3 keeps in Secrets of type helm.sh/release.v1: one Secret for each revision,
// whose field release is base64 of gzip of JSON (helm.sh/helm pkg/storage/driver, secrets.go and util.go). It only reads.
package helm

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// SecretType is the type of the Secrets that hold releases, Selector the label that they have.
const (
	SecretType = "helm.sh/release.v1"
	Selector   = "owner=helm"
)

// maxRelease bounds what a release may unpack to: Secrets are at most 1 MiB, and no honest chart packs that well.
const maxRelease = 64 << 20

// ErrNotARelease is returned for a Secret that holds no release, or one that cannot be read.
var ErrNotARelease = errors.New("not a release of Helm 3")

// Release is one revision of a release.
type Release struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Version   int    `json:"version"`
	Info      struct {
		FirstDeployed time.Time `json:"first_deployed"`
		LastDeployed  time.Time `json:"last_deployed"`
		Description   string    `json:"description"`
		Status        string    `json:"status"`
		Notes         string    `json:"notes"`
	} `json:"info"`
	Chart struct {
		Metadata struct {
			Name        string `json:"name"`
			Version     string `json:"version"`
			AppVersion  string `json:"appVersion"`
			Description string `json:"description"`
		} `json:"metadata"`
		// Values are the chart's defaults.
		Values map[string]any `json:"values"`
	} `json:"chart"`
	// Config is what the user gave.
	Config   map[string]any `json:"config"`
	Manifest string         `json:"manifest"`
	Hooks    []struct {
		Name     string `json:"name"`
		Manifest string `json:"manifest"`
	} `json:"hooks"`

	// Secret is where it was read from.
	Secret    string    `json:"-"`
	SecretUID types.UID `json:"-"`
}

// ChartName is the chart with its version, as helm list shows it.
func (r *Release) ChartName() string {
	return strings.Trim(r.Chart.Metadata.Name+"-"+r.Chart.Metadata.Version, "-")
}

// gzipped is how compressed data begins; Helm 2 and early releases of Helm 3 left it out.
var gzipped = []byte{0x1f, 0x8b, 0x08}

// Decode reads the release in a Secret. Its errors are ErrNotARelease.
func Decode(s *corev1.Secret) (*Release, error) {
	raw, err := base64.StdEncoding.DecodeString(string(s.Data["release"]))
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w: %w", s.Name, ErrNotARelease, err)
	}
	if bytes.HasPrefix(raw, gzipped) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("secret %s: %w: %w", s.Name, ErrNotARelease, err)
		}
		raw, err = io.ReadAll(io.LimitReader(z, maxRelease+1))
		if err != nil {
			return nil, fmt.Errorf("secret %s: %w: %w", s.Name, ErrNotARelease, err)
		}
		if len(raw) > maxRelease {
			return nil, fmt.Errorf("secret %s: %w: it unpacks to more than %d MiB", s.Name, ErrNotARelease, maxRelease>>20)
		}
	}
	r := &Release{Secret: s.Name, SecretUID: s.UID}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("secret %s: %w: %w", s.Name, ErrNotARelease, err)
	}
	if r.Namespace == "" {
		r.Namespace = s.Namespace
	}
	return r, nil
}

// History reads all revisions of a release that are kept, newest first. Those that cannot be read are left out, and joined
// into the error.
func History(ctx context.Context, c *cluster.Cluster, namespace, name string) ([]*Release, error) {
	l, err := c.Kubernetes().CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: Selector + ",name=" + name, FieldSelector: "type=" + SecretType,
	})
	if err != nil {
		return nil, fmt.Errorf("release %s: %w", name, err)
	}
	var all []*Release
	var wrong []error
	for i := range l.Items {
		r, err := Decode(&l.Items[i])
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Release) int { return b.Version - a.Version })
	if len(all) == 0 && len(wrong) == 0 {
		return nil, fmt.Errorf("release %s: no Secret holds it (any more)", name)
	}
	return all, errors.Join(wrong...)
}

// Read reads the release of one Secret.
func Read(ctx context.Context, c *cluster.Cluster, namespace, secret string) (*Release, error) {
	s, err := c.Kubernetes().CoreV1().Secrets(namespace).Get(ctx, secret, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	return Decode(s)
}

// Revision is the number in a Secret's label, 0 where there is none.
func Revision(labels map[string]string) int {
	n, _ := strconv.Atoi(labels["version"]) // Helm writes a number; anything else is older than all
	return n
}

// Values are the user's values as YAML; with all, the chart's defaults under them.
func (r *Release) Values(all bool) string {
	values := r.Config
	if all {
		values = merge(r.Chart.Values, r.Config)
	}
	if len(values) == 0 {
		return "{}\n"
	}
	out, err := yaml.Marshal(values)
	if err != nil {
		return fmt.Sprintf("# these values cannot be written as YAML: %v\n", err)
	}
	return string(out)
}

// merge lays values over defaults, as Helm does: objects key by key, null takes a key away.
func merge(defaults, values map[string]any) map[string]any {
	out := make(map[string]any, len(defaults)+len(values))
	for k, v := range defaults {
		out[k] = v
	}
	for k, v := range values {
		under, isMap := out[k].(map[string]any)
		over, both := v.(map[string]any)
		switch {
		case v == nil:
			delete(out, k)
		case isMap && both:
			out[k] = merge(under, over)
		default:
			out[k] = v
		}
	}
	return out
}

// Diff is what differs from another revision: in the values, and in the manifest.
func (r *Release) Diff(from *Release) (values, manifest []change.Line) {
	lines := func(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }
	return change.DiffText(lines(from.Values(false)), lines(r.Values(false))), change.DiffText(lines(from.Manifest), lines(r.Manifest))
}
