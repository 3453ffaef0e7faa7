package changes

import (
	"strings"
	"testing"
)

func TestWordsOfLabels(t *testing.T) {
	want, err := words(" team=a  env- example.com/note= ")
	if err != nil || len(want) != 3 || *want["team"] != "a" || want["env"] != nil || *want["example.com/note"] != "" {
		t.Errorf("%v %v", want, err)
	}
	for text, why := range map[string]string{
		"":            "give KEY=VALUE",
		"team":        "neither KEY=VALUE nor KEY-",
		"=x":          "no key",
		"-":           "no key",
		"a b=c":       "neither",
		"a=1 a-":      "twice",
		"not valid!=": "neither",
		"bad!=x":      "no key",
	} {
		if _, err := words(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
