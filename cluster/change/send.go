package change

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
)

// FieldManager is the name under which the server records what this program wrote.
const FieldManager = "podarium"

// write is one HTTP request that changes something, or would.
type write struct {
	method      string
	ref         Ref
	collection  bool   // POST to the collection rather than to the object
	subresource string // such as scale or eviction
	body        any
	options     *metav1.DeleteOptions // the body of a DELETE, instead of body
	dryRun      bool
	strict      bool // refuse unknown and repeated fields
	apply       bool // a PATCH is a server-side apply rather than a merge
	force       bool // with apply: take over the fields of other managers
}

// send is the only place in the program from which a write to the API leaves: the read-only check is here and, for what is no
// write to the API, in operate, and nowhere else.
func send(ctx context.Context, c *cluster.Cluster, w write) (*unstructured.Unstructured, []string, error) {
	if c.ReadOnly() {
		return nil, nil, ErrReadOnly
	}
	body, err := json.Marshal(w.content())
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", w.method, w.ref, err)
	}
	var warnings warnings
	req := c.Kubernetes().CoreV1().RESTClient().Verb(w.method).
		AbsPath(w.path()...).
		SetHeader("Accept", "application/json").
		SetHeader("Content-Type", w.contentType()).
		WarningHandler(&warnings).
		Body(body)
	if w.method != http.MethodDelete && w.subresource != "eviction" {
		req = req.Param("fieldManager", FieldManager)
		if w.strict {
			req = req.Param("fieldValidation", metav1.FieldValidationStrict)
		}
	}
	if w.force {
		req = req.Param("force", "true")
	}
	if w.dryRun && w.options == nil {
		req = req.Param("dryRun", metav1.DryRunAll)
	}
	if w.subresource == "eviction" {
		req = req.MaxRetries(0) // a budget's refusal (429) is the user's to see, not the client's to wait out in silence
	}
	raw, err := req.Do(ctx).Raw()
	if err != nil {
		return nil, warnings.all(), ownedByOthers(statusError(raw, err))
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(raw); err != nil {
		return nil, warnings.all(), fmt.Errorf("%s %s: the server's answer: %w", w.method, w.ref, err)
	}
	return obj, warnings.all(), nil
}

// content is the request's body. The API server ignores the parameters of a DELETE that has a body: what asks for a dry
// run must be in it, or the preview would delete.
func (w write) content() any {
	if w.options == nil {
		return w.body
	}
	o := *w.options
	o.Kind, o.APIVersion = "DeleteOptions", "v1"
	if w.dryRun {
		o.DryRun = []string{metav1.DryRunAll}
	}
	return o
}

func (w write) contentType() string {
	switch {
	case w.apply:
		return string(types.ApplyYAMLPatchType)
	case w.method == http.MethodPatch:
		return string(types.MergePatchType)
	}
	return "application/json"
}

// patch is the write that makes want of live. Like kubectl it needs the right to patch, not to update. The UID and
// resourceVersion in it are preconditions: the server answers 409 where the object has others.
func patch(ref Ref, live, want *unstructured.Unstructured) write {
	body := mergePatch(live, want)
	metadata, _ := body["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		body["metadata"] = metadata
	}
	metadata["resourceVersion"] = live.GetResourceVersion()
	if uid := live.GetUID(); uid != "" {
		metadata["uid"] = string(uid)
	}
	return write{method: http.MethodPatch, ref: ref, body: body}
}

// path is the request path, element by element.
func (w write) path() []string {
	p := []string{"api", w.ref.Resource.Version}
	if w.ref.Resource.Group != "" {
		p = []string{"apis", w.ref.Resource.Group, w.ref.Resource.Version}
	}
	if w.ref.Namespace != "" {
		p = append(p, "namespaces", url.PathEscape(w.ref.Namespace))
	}
	p = append(p, w.ref.Resource.Resource)
	if w.collection {
		return p
	}
	p = append(p, url.PathEscape(w.ref.Name))
	if w.subresource != "" {
		p = append(p, w.subresource)
	}
	return p
}

// statusError prefers the Status in the answer, whose text and causes say more than the client's summary.
func statusError(raw []byte, err error) error {
	var s metav1.Status
	if json.Unmarshal(raw, &s) == nil && s.Kind == "Status" && s.Status == metav1.StatusFailure {
		withoutObject(&s)
		return &apierrors.StatusError{ErrStatus: s}
	}
	return err
}

// withoutObject shortens the server's words on a patch that does not decode: they repeat the whole object, a Secret's values too.
func withoutObject(s *metav1.Status) {
	if s.Reason != metav1.StatusReasonInvalid || s.Details == nil || len(s.Details.Causes) != 1 || s.Details.Causes[0].Field != "patch" {
		return
	}
	cause := &s.Details.Causes[0]
	if i := strings.LastIndex(cause.Message, `}": `); i >= 0 {
		cause.Message = cause.Message[i+len(`}": `):]
		s.Message = cause.Message
	}
}

// dryRunImpossible says that an admission webhook has side effects and so refuses dry runs.
func dryRunImpossible(err error) bool {
	return apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "dry run")
}

// warnings collects the Warning headers of one request.
type warnings struct {
	mu   sync.Mutex
	text []string
}

// HandleWarningHeader takes one Warning header; 299 is the only code that Kubernetes uses.
func (w *warnings) HandleWarningHeader(code int, _ string, text string) {
	if code != 299 || text == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

func (w *warnings) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text
}
