package standin

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// column is a value of the one row that a statement gives.
type column struct {
	name  string
	kind  uint32
	value string
	null  bool
}

// encode writes the value as text, or in binary where the client wants that.
func (c column) encode(format int16) []byte {
	switch {
	case c.null:
		return nil
	case format == 1 && c.kind == pgInt4:
		n, _ := strconv.ParseInt(c.value, 10, 32)
		return binary.BigEndian.AppendUint32(nil, uint32(n))
	case format == 1 && c.kind == pgBool:
		return []byte{map[string]byte{"t": 1}[c.value]}
	}
	return []byte(c.value)
}

// statements splits at semicolons outside of quotes.
func statements(sql string) []string {
	var out []string
	for _, part := range splitOutside(sql, ';') {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func splitOutside(s string, sep rune) []string {
	quoted, depth, from := false, 0, 0
	var out []string
	for i, r := range s {
		switch {
		case r == '\'':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == sep && depth == 0:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

var (
	pgAlias   = regexp.MustCompile(`(?i)^(.*?)\s+(?:as\s+)?"?([a-z_][a-z0-9_]*)"?$`)
	pgInteger = regexp.MustCompile(`^-?[0-9]{1,9}$`)
	pgString  = regexp.MustCompile(`^'(?:[^']|'')*'$`)
)

// evaluate gives the row and the tag of a statement.
func (s *pgSession) evaluate(sql string) ([]column, string, error) {
	for strings.HasPrefix(sql, "--") { // a comment
		_, sql, _ = strings.Cut(sql, "\n")
		sql = strings.TrimSpace(sql)
	}
	words := strings.Fields(strings.ToLower(sql))
	if len(words) == 0 {
		return nil, "", nil
	}
	switch words[0] {
	case "begin", "start":
		return nil, "BEGIN", nil
	case "commit", "end":
		return nil, "COMMIT", nil
	case "rollback", "abort":
		return nil, "ROLLBACK", nil
	case "set", "discard", "reset", "deallocate":
		return nil, strings.ToUpper(words[0]), nil
	case "show":
		name := strings.TrimSpace(sql[len("show"):])
		values := map[string]string{"server_version": s.version(), "transaction_isolation": "read committed", "timezone": "UTC", "server_encoding": "UTF8", "client_encoding": "UTF8", "max_connections": "100"}
		v, known := values[strings.ToLower(name)]
		if !known {
			return nil, "", pgError{"42704", fmt.Sprintf("unrecognized configuration parameter %q", name)}
		}
		return []column{{name: name, kind: pgText, value: v}}, "SHOW", nil
	case "select":
		var cols []column
		for _, e := range splitOutside(strings.TrimSpace(sql[len("select"):]), ',') {
			c, err := s.expression(strings.TrimSpace(e))
			if err != nil {
				return nil, "", err
			}
			cols = append(cols, c)
		}
		return cols, "SELECT 1", nil
	}
	return nil, "", pgError{"0A000", fmt.Sprintf("this stand-in of PostgreSQL has no tables: it knows select of values, show, set and transactions, not %s", strings.ToUpper(words[0]))}
}

func (s *pgSession) expression(e string) (column, error) {
	name, whole := "", e
	if m := pgAlias.FindStringSubmatch(e); m != nil && !strings.HasSuffix(m[1], ",") {
		e, name = strings.TrimSpace(m[1]), m[2]
	}
	c := column{name: "?column?", kind: pgText}
	switch lower := strings.ToLower(e); {
	case pgInteger.MatchString(e):
		c.kind, c.value = pgInt4, e
	case pgString.MatchString(e):
		c.value = strings.ReplaceAll(e[1:len(e)-1], "''", "'")
	case lower == "true", lower == "false":
		c.name, c.kind, c.value = "bool", pgBool, lower[:1]
	case lower == "null":
		c.null = true
	case lower == "version()":
		c.name, c.value = "version", "PostgreSQL "+s.version()+" (podarium stand-in for "+s.p.spec.Image+")"
	case lower == "current_database()":
		c.name, c.value = "current_database", s.db
	case lower == "current_user", lower == "user", lower == "session_user":
		c.name, c.value = lower, s.user
	case lower == "now()", lower == "current_timestamp":
		c.name, c.value = "now", time.Now().UTC().Format("2006-01-02 15:04:05.000000+00")
	case lower == "inet_server_addr()":
		c.name, c.value = "inet_server_addr", s.p.spec.IP.String()
	case lower == "pg_is_in_recovery()":
		c.name, c.kind, c.value = "pg_is_in_recovery", pgBool, "f"
	default:
		return c, pgError{"0A000", fmt.Sprintf("this stand-in of PostgreSQL has no tables: it cannot select %q", whole)}
	}
	if name != "" {
		c.name = name
	}
	return c, nil
}

// pgIsReady says whether a server takes connections, as pg_isready does: -h, -p, and whatever else is ignored.
func pgIsReady(ctx context.Context, s *shell, args []string) int {
	host, port := "localhost", "5432"
	for i := 0; i+1 < len(args); i++ {
		switch args[i] {
		case "-h":
			host = args[i+1]
		case "-p":
			port = args[i+1]
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	c, err := s.p.dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		fmt.Fprintf(s.stdout, "%s:%s - no response\n", host, port)
		return 2
	}
	_ = c.Close()
	fmt.Fprintf(s.stdout, "%s:%s - accepting connections\n", host, port)
	return 0
}
