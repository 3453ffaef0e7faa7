package transfer

import (
	"errors"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/jobs"
	"github.com/podarium/podarium/tui/screentest"
)

func TestGolden(t *testing.T) {
	h, s := screentest.New(t, nil)
	at := remote.Container{Namespace: "default", Pod: "web-1", Name: "nginx"}
	ago := func(d time.Duration) time.Time { return h.Time.Add(-d) }
	v := &view{scope: s}
	v.list.Take([]jobs.Job[job]{
		{ID: 3, Value: job{at: at, up: true, local: "./site", remote: "/usr/share/nginx/html", files: 12, bytes: 3 << 20, total: 8 << 20, began: ago(4 * time.Second)}},
		{ID: 2, Value: job{at: at, local: "./logs", remote: "/var/log/nginx", files: 3, bytes: 5000, links: 1, began: ago(time.Minute), ended: ago(58 * time.Second)}},
		{ID: 1, Value: job{at: at, local: "./x", remote: "/etc/shadow", began: ago(time.Hour), ended: ago(time.Hour), err: errors.New("tar: /etc/shadow: permission denied")}},
	})
	screentest.AllSizes(t, h, "copies", v)
	v.list.Take(nil)
	screentest.Sized(t, h, "none", v, 80, 24)
}
