package livelog

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
)

// TestALogThatTakesLongIsReadOn has a node that takes longer for the beginning of a log than one is patient: it is no error, and what is
// missing is read after that, also of a container that is over.
func TestALogThatTakesLongIsReadOn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const first, second = "2026-11-30T10:00:00Z first\n", "2026-11-30T10:00:01Z second\n"
		switch q := r.URL.Query(); {
		case q.Get("sendInitialEvents") != "": // a list by watching, which older servers do not know
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}`)
		case q.Get("watch") != "":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case !strings.HasSuffix(r.URL.Path, "/log"):
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"p","namespace":"default","uid":"u"},
				"status":{"containerStatuses":[{"name":"app","restartCount":1,"containerID":"x://2","state":{"running":{}},"lastState":{"terminated":{"containerID":"x://1","exitCode":1}}}]}}]}`)
		case q.Get("sinceTime") == "":
			fmt.Fprint(w, first)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			fmt.Fprint(w, first, second)
		}
	}))
	defer server.Close()
	c, err := cluster.New(cluster.Options{Name: "slow", Config: &rest.Config{Host: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	l := Open(t.Context(), c, Query{Namespace: "default", Previous: true})
	defer l.Close()
	s := until(t, l, "the beginning", func(s *Snapshot) bool { return s.Synced })
	if src := s.Sources[0]; texts(s) != "first" || src.State == Retrying || src.Message != "" {
		t.Errorf("at the beginning %q, %s %s", texts(s), src.State, src.Message)
	}
	s = until(t, l, "the rest", func(s *Snapshot) bool { return s.Sources[0].State == Ended })
	if texts(s) != "first second" {
		t.Errorf("the whole log is %q", texts(s))
	}
}
