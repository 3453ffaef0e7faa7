package helm

import (
	"regexp"
	"strings"
)

// hidden is what stands for a value that is not shown.
const hidden = "••••••"

// secretKey are the names of values that are likely secrets, with what stands before them and after the colon.
var secretKey = regexp.MustCompile(`(?i)^(\s*(?:- )?["']?[\w.\-/]*(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|auth)[\w.\-/]*["']?:)\s*(.*)$`)

// plainValue are values that give nothing away: nothing, numbers of things and yes or no, and where something lies.
var plainValue = regexp.MustCompile(`^(?:|~|null|true|false|\{\}|\[\]|""|'')$`)

// anyKey is any name with a value after it.
var anyKey = regexp.MustCompile(`^(\s*(?:- )?["']?[\w.\-/]+["']?:)\s*(\S.*)$`)

// masker hides what is likely a secret in YAML, line by line: values by the names that they have, and all of a Secret.
type masker struct {
	// under is the indentation below which everything is hidden; -1 for nothing.
	under int
	// secret says that the document is a Secret; data, that this is in its data, which is indented deeper than dataAt.
	secret, data bool
	dataAt       int
}

// mask hides secrets in the lines of one or several YAML documents.
func mask(text string) string {
	lines := strings.Split(text, "\n")
	m := masker{under: -1}
	for i, l := range lines {
		if i == 0 || strings.HasPrefix(l, "---") {
			m = masker{under: -1, secret: isSecret(lines[i:])}
		}
		lines[i] = m.line(l)
	}
	return strings.Join(lines, "\n")
}

// isSecret says whether the document that begins with some lines is a Secret.
func isSecret(lines []string) bool {
	for i, l := range lines {
		if i > 0 && strings.HasPrefix(l, "---") {
			return false
		}
		if strings.TrimSpace(l) == "kind: Secret" && !strings.HasPrefix(l, " ") {
			return true
		}
	}
	return false
}

func (m *masker) line(l string) string {
	text := strings.TrimLeft(l, " ")
	indent := len(l) - len(text)
	if text == "" {
		return l
	}
	if m.under >= 0 {
		if indent > m.under {
			return l[:indent] + hidden
		}
		m.under = -1
	}
	if m.data && indent <= m.dataAt {
		m.data = false
	}
	if m.secret && indent == 0 && (text == "data:" || text == "stringData:") {
		m.data, m.dataAt = true, 0
		return l
	}
	key := secretKey
	if m.data {
		key = anyKey
	}
	found := key.FindStringSubmatch(l)
	if found == nil || plainValue.MatchString(found[2]) {
		return l
	}
	if strings.HasPrefix(found[2], "|") || strings.HasPrefix(found[2], ">") { // a block: its lines follow
		m.under = indent
		return l
	}
	return found[1] + " " + hidden
}
