package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/podarium/podarium/controllers/node"
)

// NodeActions are what can be done to a node: on and off are its power, cut and mend its link to the API server.
var NodeActions = []string{"off", "on", "cut", "mend"}

func (s *Server) nodeAction(ctx context.Context, name, action string) error {
	switch action {
	case "off", "on":
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		return s.PowerNode(ctx, name, action == "on")
	case "cut", "mend":
		return s.LinkNode(name, action == "mend")
	}
	return fmt.Errorf("nothing that can be done to a node is called %q: there are %s", action, strings.Join(NodeActions, ", "))
}

// addNodeFor adds a node for another process of the same user.
func (s *Server) addNodeFor(w http.ResponseWriter, r *http.Request) {
	var spec NodeSpec
	err := json.NewDecoder(r.Body).Decode(&spec)
	if err == nil {
		spec.Name, err = s.AddNode(r.Context(), spec)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, spec.Name) // a failed write is the reader's
}

// Node does one of NodeActions.
func (r *Remote) Node(ctx context.Context, name, action string) error {
	_, err := r.order(ctx, http.MethodPost, "/nodes/"+url.PathEscape(name)+"/"+url.PathEscape(action), nil)
	return err
}

// AddNode adds a node for good and returns its name once it is Ready.
func (r *Remote) AddNode(ctx context.Context, spec NodeSpec) (string, error) {
	b, err := json.Marshal(spec)
	if err != nil {
		return "", err
	}
	return r.order(ctx, http.MethodPost, "/nodes", b)
}

// RemoveNode removes a node for good, see Server.RemoveNode.
func (r *Remote) RemoveNode(ctx context.Context, name string, force bool) error {
	path := "/nodes/" + url.PathEscape(name)
	if force {
		path += "?force"
	}
	_, err := r.order(ctx, http.MethodDelete, path, nil)
	return err
}

// Catalogue is what the running cluster was told of images, beyond what comes with the program.
func (r *Remote) Catalogue(ctx context.Context) (c node.Catalogue, err error) {
	return c, r.ask(ctx, "/catalogue", &c)
}

// order puts an order or a question to the running process; an error has its words.
func (r *Remote) order(ctx context.Context, method, path string, body []byte) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://podarium"+path, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(strings.TrimSpace(string(b)))
	}
	return string(b), nil
}
