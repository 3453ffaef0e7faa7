package standin

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// The types of the values that the stand-in of PostgreSQL gives (pg_type.oid).
const (
	pgBool = 16
	pgInt4 = 23
	pgText = 25
)

// pgMessages bounds a message of a client, so that one that is no PostgreSQL client takes no memory.
const pgMessages = 1 << 20

// postgres speaks PostgreSQL's protocol, simple and extended: select of values and of version(), now() and the like, show,
// set and transactions. There are no tables, and it says so.
func (p *process) postgres(c net.Conn) {
	s := &pgSession{p: p, b: pgproto3.NewBackend(c, c), status: 'I', statements: map[string]string{}, portals: map[string]pgPortal{}}
	s.b.SetMaxBodyLen(pgMessages)
	if s.startup(c) != nil {
		return
	}
	for {
		m, err := s.b.Receive()
		if err != nil {
			return
		}
		if _, bye := m.(*pgproto3.Terminate); bye {
			return
		}
		s.handle(m)
		if s.b.Flush() != nil {
			return
		}
	}
}

type pgSession struct {
	p          *process
	b          *pgproto3.Backend
	user, db   string
	status     byte // I idle, T in a transaction, E in one that has failed
	failed     bool // what comes up to the next Sync is skipped
	statements map[string]string
	portals    map[string]pgPortal
}

type pgPortal struct {
	sql     string
	formats []int16
}

// env gives a variable of the container's.
func (p *process) env(name, other string) string {
	for _, e := range p.spec.Env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return other
}

func (s *pgSession) startup(c net.Conn) error {
	for {
		m, err := s.b.ReceiveStartupMessage()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if _, err := c.Write([]byte{'N'}); err != nil { // neither is to be had: go on without
				return err
			}
			continue
		case *pgproto3.StartupMessage:
			s.user = m.Parameters["user"]
			if s.db = m.Parameters["database"]; s.db == "" {
				s.db = s.user
			}
		default:
			return fmt.Errorf("%T begins no session", m)
		}
		break
	}
	if want := s.p.env("POSTGRES_PASSWORD", ""); want != "" {
		s.b.Send(&pgproto3.AuthenticationCleartextPassword{})
		if err := s.b.Flush(); err != nil {
			return err
		}
		if err := s.b.SetAuthType(pgproto3.AuthTypeCleartextPassword); err != nil {
			return err
		}
		m, err := s.b.Receive()
		if err != nil {
			return err
		}
		if given, ok := m.(*pgproto3.PasswordMessage); !ok || given.Password != want {
			s.b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: fmt.Sprintf("password authentication failed for user %q", s.user)})
			_ = s.b.Flush()
			return fmt.Errorf("a wrong password for %s", s.user)
		}
	}
	s.b.Send(&pgproto3.AuthenticationOk{})
	for _, kv := range [][2]string{{"server_version", s.version()}, {"server_encoding", "UTF8"}, {"client_encoding", "UTF8"}, {"DateStyle", "ISO, MDY"}, {"TimeZone", "UTC"}, {"integer_datetimes", "on"}, {"standard_conforming_strings", "on"}} {
		s.b.Send(&pgproto3.ParameterStatus{Name: kv[0], Value: kv[1]})
	}
	s.b.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	s.ready()
	return s.b.Flush()
}

func (s *pgSession) ready() { s.b.Send(&pgproto3.ReadyForQuery{TxStatus: s.status}) }

// version is the image's tag where that is one, such as 17.2.
func (s *pgSession) version() string {
	v, _, _ := strings.Cut(version(s.p.spec.Image), "-")
	if _, err := strconv.ParseFloat(v, 64); err == nil {
		return v
	}
	return "17.0"
}

func (s *pgSession) fail(err error) {
	code := "0A000" // feature_not_supported
	if e := (pgError{}); errors.As(err, &e) {
		code = e.code
	}
	s.b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: err.Error()})
	if s.status == 'T' {
		s.status = 'E'
	}
}

type pgError struct{ code, message string }

func (e pgError) Error() string { return e.message }

func (s *pgSession) handle(m pgproto3.FrontendMessage) {
	if _, sync := m.(*pgproto3.Sync); s.failed && !sync {
		return
	}
	var err error
	switch m := m.(type) {
	case *pgproto3.Query:
		s.p.requests.Add(1)
		for _, sql := range statements(m.String) {
			if err := s.run(sql, nil, true); err != nil {
				s.fail(err)
				break
			}
		}
		if strings.Trim(m.String, "; \t\n") == "" {
			s.b.Send(&pgproto3.EmptyQueryResponse{})
		}
		s.ready()
	case *pgproto3.Parse:
		s.statements[m.Name] = strings.TrimRight(strings.TrimSpace(m.Query), "; ")
		s.b.Send(&pgproto3.ParseComplete{})
	case *pgproto3.Bind:
		s.portals[m.DestinationPortal] = pgPortal{s.statements[m.PreparedStatement], m.ResultFormatCodes}
		s.b.Send(&pgproto3.BindComplete{})
	case *pgproto3.Describe:
		sql := s.portals[m.Name].sql
		if m.ObjectType == 'S' {
			sql = s.statements[m.Name]
			s.b.Send(&pgproto3.ParameterDescription{})
		}
		var cols []column
		if cols, _, err = s.evaluate(sql); err == nil {
			s.describe(cols, s.portals[m.Name].formats)
		}
	case *pgproto3.Execute:
		s.p.requests.Add(1)
		portal := s.portals[m.Portal]
		err = s.run(portal.sql, portal.formats, false)
	case *pgproto3.Close:
		s.b.Send(&pgproto3.CloseComplete{})
	case *pgproto3.Sync:
		s.failed = false
		s.ready()
	case *pgproto3.Flush:
	default:
		err = pgError{"0A000", fmt.Sprintf("this stand-in of PostgreSQL knows no %T", m)}
	}
	if err != nil {
		s.failed = true
		s.fail(err)
	}
}

// run answers one statement; whole says that its columns are described first.
func (s *pgSession) run(sql string, formats []int16, whole bool) error {
	cols, tag, err := s.evaluate(sql)
	if err != nil {
		return err
	}
	switch tag {
	case "":
		s.b.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	case "BEGIN":
		s.status = 'T'
	case "COMMIT", "ROLLBACK":
		if s.status == 'E' {
			tag = "ROLLBACK"
		}
		s.status = 'I'
	default:
		if s.status == 'E' {
			return pgError{"25P02", "current transaction is aborted, commands ignored until end of transaction block"}
		}
	}
	if cols != nil {
		if whole {
			s.describe(cols, nil)
		}
		row := &pgproto3.DataRow{}
		for i, c := range cols {
			row.Values = append(row.Values, c.encode(format(formats, i)))
		}
		s.b.Send(row)
	}
	s.b.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	return nil
}

func (s *pgSession) describe(cols []column, formats []int16) {
	if cols == nil {
		s.b.Send(&pgproto3.NoData{})
		return
	}
	d := &pgproto3.RowDescription{}
	for i, c := range cols {
		d.Fields = append(d.Fields, pgproto3.FieldDescription{Name: []byte(c.name), DataTypeOID: c.kind, DataTypeSize: -1, TypeModifier: -1, Format: format(formats, i)})
	}
	s.b.Send(d)
}

func format(formats []int16, i int) int16 {
	switch {
	case len(formats) == 1:
		return formats[0]
	case i < len(formats):
		return formats[i]
	}
	return 0
}
