package node

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPatientAsksAgainUntilTheAuthorizerKnowsThePod(t *testing.T) {
	for _, c := range []struct {
		name    string
		refusal string
		want    int // requests that the server sees
		code    int
	}{
		{"not yet related", "node: " + notYetRelated + " 'a' and this object", 3, http.StatusOK},
		{"not yet scheduled", "node requested token " + notYetScheduled, 3, http.StatusOK},
		{"forbidden for good", "system:anonymous may not", 1, http.StatusForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen++
				if b, err := io.ReadAll(r.Body); err != nil || string(b) != "body" {
					t.Errorf("request %d has the body %q (%v)", seen, b, err)
				}
				if seen < 3 {
					http.Error(w, c.refusal, http.StatusForbidden)
				}
			}))
			defer server.Close()
			client := &http.Client{Transport: patient(http.DefaultTransport)}
			resp, err := client.Post(server.URL, "text/plain", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if seen != c.want || resp.StatusCode != c.code {
				t.Errorf("%d requests ended with %s, want %d and %d", seen, resp.Status, c.want, c.code)
			}
			if c.code != http.StatusOK && !strings.Contains(string(body), c.refusal) {
				t.Errorf("the refusal lost its text: %q", body)
			}
		})
	}
}
