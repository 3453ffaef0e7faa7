package plugin

import (
	"strings"
	"testing"

	"github.com/podarium/podarium/tui/screentest"
)

func TestGoldenOutput(t *testing.T) {
	h, s := screentest.New(t, nil)
	v, err := openOutput(s, Output{Name: "who-logs", Text: strings.Repeat("ok: a line that the program wrote\nand one that is much longer than a narrow screen, so that it is seen how it ends at the right edge\n", 15)})
	if err != nil {
		t.Fatal(err)
	}
	screentest.AllSizes(t, h, "output", v)
}
