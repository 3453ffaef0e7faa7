package manage

import (
	"strings"
	"testing"

	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screentest"
)

func TestOverview(t *testing.T) {
	h, s := fixture.New(t)
	v, err := openOverview(s, access.Overview{})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range screentest.Sizes {
		text := screentest.Draw(h, v, size[0], size[1]).String()
		for _, want := range []string{"healthy", "default", "leader", "SPACE", "LEASES", "WRITES", "none"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q:\n%s", want, text)
			}
		}
	}
}
