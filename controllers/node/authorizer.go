package node

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// The node authorizer and the NodeRestriction admission let a kubelet have only what a Pod on its node refers to. They
// learn of Pods by a watch, as the kubelet does, and where the kubelet is the quicker of the two its first request for a
// Secret, a ConfigMap or a token is refused with these words (plugin/pkg/auth/authorizer/node/node_authorizer.go and
// plugin/pkg/admission/noderestriction/admission.go). The kubelet tries again after half a second, with a warning event;
// this asks again at once, for as long.
const (
	notYetRelated      = "no relationship found between node"
	notYetScheduled    = "bound to a pod scheduled on a different node"
	authorizerPoll     = 10 * time.Millisecond
	authorizerPatience = 500 * time.Millisecond
)

// patient wraps the transport of a kubelet's client.
func patient(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		for began := time.Now(); ; {
			resp, err := next.RoundTrip(req)
			if err != nil || resp.StatusCode != http.StatusForbidden {
				return resp, err
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close() // read to its end
			if err != nil {
				return nil, err
			}
			resp.Body = io.NopCloser(bytes.NewReader(body))
			again, ok := replay(req)
			early := bytes.Contains(body, []byte(notYetRelated)) || bytes.Contains(body, []byte(notYetScheduled))
			if !ok || !early || time.Since(began) > authorizerPatience {
				return resp, nil
			}
			select {
			case <-time.After(authorizerPoll):
				req = again
			case <-req.Context().Done():
				return resp, nil
			}
		}
	})
}

// replay makes the same request again, where its body can be had again.
func replay(req *http.Request) (*http.Request, bool) {
	again := req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return again, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	again.Body = body
	return again, err == nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
