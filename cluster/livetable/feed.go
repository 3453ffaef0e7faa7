package livetable

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
)

const (
	accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

	// firstPage is small so that rows show soon, the next ones are larger so that the whole list ends soon.
	firstPage, nextPage = 500, 5000

	// Backoff between attempts: from min, doubled up to max. A connection that worked resets it.
	minBackoff, maxBackoff = 50 * time.Millisecond, 3 * time.Second

	// pollInterval is for kinds that can be listed and not watched, such as metrics.
	pollInterval = 10 * time.Second
)

// errExpired means that a watch cannot go on from its resourceVersion: a new list is needed.
var errExpired = errors.New("the resourceVersion has expired")

// errClosed means that the server ended a watch, as it does regularly.
var errClosed = errors.New("the server closed the watch")

// feed lists and watches for one store. Only its own goroutine uses it.
type feed struct {
	client  rest.Interface
	q       Query
	s       *store
	d       *decoder
	local   bool // compression costs more than it saves
	buf     bytes.Buffer
	pages   bool   // list in pages; off after a page token expired
	version string // to watch from; empty: list first
	worked  bool   // since the last backoff
}

func newFeed(c *cluster.Cluster, q Query, s *store) *feed {
	return &feed{client: c.Kubernetes().CoreV1().RESTClient(), q: q, s: s, d: newDecoder(q.Fields), local: isLocal(c), pages: true}
}

func isLocal(c *cluster.Cluster) bool {
	u, err := url.Parse(c.Config().Host)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// run keeps the store current until ctx ends.
func (f *feed) run(ctx context.Context) {
	backoff := minBackoff
	for ctx.Err() == nil {
		f.worked = false
		err := f.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errExpired) {
			f.version = ""
		}
		if f.worked {
			backoff = minBackoff
		}
		wait := time.Duration(float64(backoff) * (0.75 + rand.Float64()/2))
		switch {
		case apierrors.IsMethodNotSupported(err) && f.version != "":
			f.version, wait = "", pollInterval
		case errors.Is(err, errClosed), errors.Is(err, errExpired):
		case err != nil:
			f.s.fail(err)
		}
		backoff = min(backoff*2, maxBackoff)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// once lists where needed and then watches, until something ends the watch.
func (f *feed) once(ctx context.Context) error {
	if f.version == "" {
		if err := f.list(ctx); err != nil {
			return fmt.Errorf("list %s: %w", f.q.Resource.Resource, err)
		}
		f.worked = true
	}
	if err := f.watch(ctx); err != nil {
		return fmt.Errorf("watch %s: %w", f.q.Resource.Resource, err)
	}
	return nil
}

func (f *feed) request() *rest.Request {
	path := []string{"api", f.q.Resource.Version}
	if f.q.Resource.Group != "" {
		path = []string{"apis", f.q.Resource.Group, f.q.Resource.Version}
	}
	if f.q.Namespace != "" {
		path = append(path, "namespaces", f.q.Namespace)
	}
	r := f.client.Get().AbsPath(append(path, f.q.Resource.Resource)...).SetHeader("Accept", accept)
	if f.local {
		r = r.SetHeader("Accept-Encoding", "identity")
	}
	if len(f.q.Fields) > 0 {
		r = r.Param("includeObject", string(metav1.IncludeObject))
	}
	if f.q.LabelSelector != "" {
		r = r.Param("labelSelector", f.q.LabelSelector)
	}
	if f.q.FieldSelector != "" {
		r = r.Param("fieldSelector", f.q.FieldSelector)
	}
	return r
}

// list reads the whole list, page by page, and leaves the version to watch from. Rows show as the pages come.
func (f *feed) list(ctx context.Context) error {
	f.s.beginList()
	limit, next := firstPage, ""
	for {
		r := f.request()
		if f.pages {
			r = r.Param("limit", strconv.Itoa(limit))
		}
		if next != "" {
			r = r.Param("continue", next)
		}
		doc, err := f.fetch(ctx, r)
		if next != "" && (apierrors.IsResourceExpired(err) || apierrors.IsGone(err)) {
			f.pages = false // the list outlives its page tokens: take it in one piece
			return errExpired
		}
		if err != nil {
			return err
		}
		if len(doc.columns) > 0 {
			f.s.setColumns(doc.columns)
		}
		f.s.put(doc.rows)
		if next = doc.next; next == "" {
			f.pages, f.version = true, doc.resourceVersion
			f.buf = bytes.Buffer{} // as large as a page; lists are rare
			f.s.endList()
			return nil
		}
		limit = nextPage
	}
}

func (f *feed) fetch(ctx context.Context, r *rest.Request) (*document, error) {
	body, err := r.Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	f.buf.Reset()
	if _, err := f.buf.ReadFrom(body); err != nil {
		return nil, err
	}
	doc, err := f.d.document(f.buf.Bytes())
	if err == nil && doc.status != nil {
		err = &apierrors.StatusError{ErrStatus: *doc.status}
	}
	return doc, err
}

// watch applies events until the connection ends, and always returns why.
func (f *feed) watch(ctx context.Context) error {
	body, err := f.request().Param("watch", "1").Param("allowWatchBookmarks", "true").Param("resourceVersion", f.version).Stream(ctx)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return errExpired
	}
	if err != nil {
		return err
	}
	defer body.Close()
	f.s.fail(nil)
	events := json.NewDecoder(body)
	for {
		var raw json.RawMessage
		if err := events.Decode(&raw); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return errClosed
			}
			return err
		}
		if err := f.apply(raw); err != nil {
			return err
		}
		f.worked = true
	}
}

func (f *feed) apply(raw []byte) error {
	kind, doc, err := f.d.event(raw)
	if err != nil {
		return err
	}
	switch kind {
	case "ADDED", "MODIFIED":
		if len(doc.columns) > 0 {
			f.s.setColumns(doc.columns)
		}
		f.s.put(doc.rows)
	case "DELETED":
		for _, r := range doc.rows {
			f.s.remove(r.UID)
		}
	case "BOOKMARK":
	case "ERROR":
		err := &apierrors.StatusError{}
		if doc.status != nil {
			err.ErrStatus = *doc.status
		}
		if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
			return errExpired
		}
		return err
	}
	f.version = versionOf(doc, f.version)
	return nil
}

// versionOf is where a watch goes on after an event.
func versionOf(doc *document, old string) string {
	if doc.resourceVersion != "" {
		return doc.resourceVersion
	}
	if n := len(doc.rows); n > 0 && doc.rows[n-1].ResourceVersion != "" {
		return doc.rows[n-1].ResourceVersion
	}
	return old
}
