package plugin

import "testing"

func TestExpand(t *testing.T) {
	known := map[string]string{"NAME": "web", "NAMESPACE": "shop", "COL-NODE": "n1", "COL-READY": "true", "COL-NOMINATED-NODE": "x", "COL-%CPU/R": "5"}
	v := func(name string) (string, bool) { text, ok := known[name]; return text, ok }
	for text, want := range map[string]string{
		"$NAME":                     "web",
		"$NAMESPACE/$NAME":          "shop/web",
		"${NAME}s":                  "webs",
		"$NAME-debug":               "web-debug",
		"$COL-NODE-logs":            "n1-logs",
		"$COL-NOMINATED-NODE":       "x",
		"$COL-%CPU/R":               "5",
		"$!COL-READY ${!COL-READY}": "false false",
		"$HOME $COL-NONE $1 $":      "$HOME $COL-NONE $1 $",
		"a$NAME$NAMESPACE.":         "awebshop.",
		"$COL-NODE/x":               "n1/x",
	} {
		if got := Expand(text, v); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
