package report

import (
	"testing"

	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screentest"
)

func TestSpace(t *testing.T) {
	h, s := fixture.New(t)
	v, err := openSpace(s, access.Space{})
	if err != nil {
		t.Fatal(err)
	}
	screentest.AllSizes(t, h, "space", v)
	v.Do(actNext)
	v.Do(actNext)
	v.Do(actOpen)
	if len(h.Opened) != 1 {
		t.Errorf("the largest key does not open: %v", h.Opened)
	}
}

func TestAudit(t *testing.T) {
	h, s := fixture.New(t)
	v, err := openAudit(s, access.Audit{})
	if err != nil {
		t.Fatal(err)
	}
	screentest.AllSizes(t, h, "audit", v)
}

func TestKeyTable(t *testing.T) {
	if err := keys().Check(); err != nil {
		t.Error(err)
	}
}
