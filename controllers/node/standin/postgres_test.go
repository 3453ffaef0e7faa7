package standin

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/podarium/podarium/controllers/node/containers"
)

func TestPostgres(t *testing.T) {
	e, subnet := newEngine(t)
	p, out := start(t, e, subnet, containers.Spec{Image: "postgres:16.4-alpine", Env: []string{"POSTGRES_PASSWORD=secret"}})
	await(t, func() bool { return out.String() != "" })
	connect := func(password string) (*pgx.Conn, error) {
		c, err := pgx.ParseConfig("postgres://app:" + password + "@" + address(p) + ":5432/orders?sslmode=prefer")
		if err != nil {
			t.Fatal(err)
		}
		c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return e.network.DialContext(ctx, network, addr)
		}
		return pgx.ConnectConfig(t.Context(), c)
	}
	if _, err := connect("wrong"); err == nil || !strings.Contains(err.Error(), "28P01") {
		t.Errorf("a wrong password: %v", err)
	}
	c, err := connect("secret")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		var n int
		var text, version, db string
		var yes bool
		var null *string
		err := c.QueryRow(t.Context(), "SELECT 41, 'it''s; fine, really' AS quoted, version(), current_database(), true, null", mode).Scan(&n, &text, &version, &db, &yes, &null)
		if err != nil || n != 41 || text != "it's; fine, really" || !strings.HasPrefix(version, "PostgreSQL 16.4") || db != "orders" || !yes || null != nil {
			t.Errorf("%v: %d %q %q %q %t %v, %v", mode, n, text, version, db, yes, null, err)
		}
	}
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "select * from orders"); err == nil || !strings.Contains(err.Error(), "no tables") {
		t.Errorf("a table: %v", err)
	}
	if _, err := tx.Exec(t.Context(), "select 1"); err == nil || !strings.Contains(err.Error(), "25P02") {
		t.Errorf("after a failure in the transaction: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Errorf("after the rollback: %v", err)
	}
	if _, err := c.Exec(t.Context(), "create table t (i int)"); err == nil || !strings.Contains(err.Error(), "CREATE") {
		t.Errorf("create table: %v", err)
	}
}

// Bytes that are no PostgreSQL do no harm.
func TestPostgresBadInput(t *testing.T) {
	e, subnet := newEngine(t)
	p, out := start(t, e, subnet, containers.Spec{Image: "postgres:17"})
	await(t, func() bool { return out.String() != "" })
	for _, bytes := range []string{"GET / HTTP/1.1\r\n\r\n", "\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff", strings.Repeat("\x00", 100)} {
		c, err := e.network.DialContext(t.Context(), "tcp", address(p)+":5432")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte(bytes))
		_ = c.Close()
	}
	select {
	case <-p.Done():
		t.Errorf("it ended with %+v", p.Exit())
	default:
	}
}
