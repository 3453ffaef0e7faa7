package changes

import (
	"slices"
	"testing"
)

func TestContainersOfOneNameAreAskedForOnce(t *testing.T) {
	all := join(nil, []container{{name: "web", image: "web:2", before: []string{"web:1"}}, {name: "log", image: "log:1"}})
	all = join(all, []container{{name: "web", image: "web:3", before: []string{"web:1", "web:2"}}, {name: "db", image: "db:1"}})
	all = join(all, []container{{name: "log", image: "log:1"}})
	if len(all) != 3 || all[0].image != "web:2" || !all[0].mixed || all[1].mixed || !slices.Equal(all[0].before, []string{"web:1", "web:3"}) {
		t.Errorf("joined %+v", all)
	}
}
