package key

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// named are the keys that have a name of more than a letter, as bubbletea gives it, by the names that people use.
var named = map[string]string{
	"enter": "enter", "return": "enter", "esc": "esc", "escape": "esc", "tab": "tab", "backspace": "backspace", "delete": "delete", "del": "delete",
	"space": "space", "up": "up", "down": "down", "left": "left", "right": "right", "home": "home", "end": "end",
	"pgup": "pgup", "pageup": "pgup", "pgdown": "pgdown", "pgdn": "pgdown", "pagedown": "pgdown", "insert": "insert",
}

// shifted are the signs over the digits, as k9s counts them: those of an American keyboard.
const shifted = ")!@#$%^&*("

// Parse is a key's name as bubbletea gives it, for what people and k9s write: ctrl-d, Ctrl-D, ctrl+d, Shift-A, f5, K, space.
// A single letter stands for itself: K is shift and k.
func Parse(text string) (string, error) {
	if utf8.RuneCountInString(text) == 1 {
		if text == " " {
			return "space", nil
		}
		return text, nil
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '-' || r == '+' })
	if strings.HasSuffix(text, "-") || strings.HasSuffix(text, "+") {
		parts = append(parts, text[len(text)-1:])
	}
	if len(parts) == 0 {
		return "", fmt.Errorf("%q is not a key: give one such as ctrl-d, shift-f, f5, K or space", text)
	}
	base := parts[len(parts)-1]
	var mods []string
	for _, m := range parts[:len(parts)-1] {
		switch m = strings.ToLower(m); m {
		case "ctrl", "control":
			mods = append(mods, "ctrl")
		case "alt", "option":
			mods = append(mods, "alt")
		case "shift":
			mods = append(mods, "shift")
		default:
			return "", fmt.Errorf("%q is not a key: %q is neither ctrl, alt nor shift", text, m)
		}
	}
	special := false
	if name, ok := named[strings.ToLower(base)]; ok {
		base, special = name, true
	} else if n := strings.ToLower(base); len(n) > 1 && n[0] == 'f' && strings.Trim(n[1:], "0123456789") == "" {
		base, special = n, true
	} else if utf8.RuneCountInString(base) != 1 {
		return "", fmt.Errorf("%q is not a key: there is none called %q", text, base)
	}
	return compose(mods, base, special), nil
}

// compose puts modifiers in bubbletea's order. Shift and a letter is the letter in upper case; with ctrl case means nothing.
func compose(mods []string, base string, special bool) string {
	if !special {
		switch {
		case slices.Contains(mods, "ctrl"):
			base = strings.ToLower(base)
		case slices.Contains(mods, "shift"):
			mods = slices.DeleteFunc(slices.Clone(mods), func(m string) bool { return m == "shift" })
			r, _ := utf8.DecodeRuneInString(base)
			if r >= '0' && r <= '9' {
				r = rune(shifted[r-'0'])
			}
			base = string(unicode.ToUpper(r))
		}
	}
	out := ""
	for _, m := range []string{"ctrl", "alt", "shift"} {
		if slices.Contains(mods, m) {
			out += m + "+"
		}
	}
	return out + base
}

// Remap is a copy of the table in which actions have other keys. An action with none is left out.
func (t Table) Remap(keys map[Action][]string) Table {
	if len(keys) == 0 {
		return t
	}
	out := slices.Clone(t)
	for i := range out {
		if k, ok := keys[out[i].Action]; ok {
			out[i].Keys = k
			out[i].Disabled = out[i].Disabled || len(k) == 0
		}
	}
	return out
}
