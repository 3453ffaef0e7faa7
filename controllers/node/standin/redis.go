package standin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	corev1 "k8s.io/api/core/v1"
)

// redisData is where redis keeps its data, and dumpFile what is kept there.
const (
	redisData = "/data"
	dumpFile  = redisData + "/podarium-dump.json"
)

// redis is a Redis server (miniredis). What it holds is kept in /data, as the real one's dump is, so that it outlives the
// Pod where a volume is mounted there: strings, lists, hashes, sets and sorted sets with their times to live, which stand
// still while nothing runs. It is written once a second where something has changed, as appendfsync everysec does.
type redis struct {
	p      *process
	server *miniredis.Miniredis
	conns  *connections

	mu   sync.Mutex
	kept []byte // what was written last
}

// dump is what is kept.
type dump struct {
	Strings map[string]string             `json:"strings,omitempty"`
	Lists   map[string][]string           `json:"lists,omitempty"`
	Hashes  map[string]map[string]string  `json:"hashes,omitempty"`
	Sets    map[string][]string           `json:"sets,omitempty"`
	Sorted  map[string]map[string]float64 `json:"sorted,omitempty"`
	Seconds map[string]int64              `json:"seconds,omitempty"` // to live
}

func newRedis(p *process) *redis {
	r := &redis{p: p, server: miniredis.NewMiniRedis()}
	if c, err := r.server.Dial(); err == nil { // starts it without a port
		_ = c.Close()
	}
	if err := r.load(); err != nil {
		fmt.Fprintf(p.spec.Stderr, "redis: what is kept in %s cannot be read: %v\n", dumpFile, err)
	}
	for _, a := range p.spec.Args {
		if v, ok := strings.CutPrefix(a, "--requirepass="); ok {
			r.server.RequireAuth(v)
		}
	}
	r.conns = &connections{p: p, handle: r.handle}
	p.work.Add(1)
	go func() {
		defer p.work.Done()
		r.clock()
	}()
	return r
}

// handle joins a connection to the server, which takes it over and closes it.
func (r *redis) handle(c net.Conn) {
	near, err := r.server.Dial()
	if err != nil {
		return
	}
	defer near.Close()
	done := make(chan struct{}, 2)
	go func() { copyAll(near, c); done <- struct{}{} }()
	go func() { copyAll(c, near); done <- struct{}{} }()
	<-done
}

func copyAll(dst, src net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// clock lets keys expire, which miniredis leaves to its user, and keeps the data once a second where they have changed.
func (r *redis) clock() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := -1
	for {
		select {
		case <-r.p.ctx.Done():
			return
		case <-tick.C:
			r.server.FastForward(time.Second)
			if n := r.server.CommandCount(); n != last {
				last = n
				r.save()
			}
		}
	}
}

func (r *redis) serve(l net.Listener, port corev1.ContainerPort) { r.conns.serve(l, port) }

func (r *redis) stop(context.Context) {
	r.save()
	r.server.Close()
}

func (r *redis) mounted() bool {
	for _, m := range r.p.files.mounts {
		if strings.TrimSuffix(m.ContainerPath, "/") == redisData && !m.Readonly {
			return true
		}
	}
	return false
}

func (r *redis) load() error {
	if !r.mounted() {
		return nil
	}
	b, err := r.p.files.readFile(dumpFile)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var d dump
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	for k, v := range d.Strings {
		if err := r.server.Set(k, v); err != nil {
			return err
		}
	}
	for k, vs := range d.Lists {
		if _, err := r.server.Push(k, vs...); err != nil {
			return err
		}
	}
	for k, h := range d.Hashes {
		for f, v := range h {
			r.server.HSet(k, f, v)
		}
	}
	for k, vs := range d.Sets {
		if _, err := r.server.SAdd(k, vs...); err != nil {
			return err
		}
	}
	for k, members := range d.Sorted {
		for m, score := range members {
			if _, err := r.server.ZAdd(k, score, m); err != nil {
				return err
			}
		}
	}
	for k, s := range d.Seconds {
		r.server.SetTTL(k, time.Duration(s)*time.Second)
	}
	r.kept = b
	return nil
}

func (r *redis) save() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.mounted() {
		return
	}
	d := dump{Strings: map[string]string{}, Lists: map[string][]string{}, Hashes: map[string]map[string]string{}, Sets: map[string][]string{}, Sorted: map[string]map[string]float64{}, Seconds: map[string]int64{}}
	for _, k := range r.server.Keys() {
		switch r.server.Type(k) {
		case "string":
			d.Strings[k], _ = r.server.Get(k)
		case "list":
			d.Lists[k], _ = r.server.List(k)
		case "set":
			d.Sets[k], _ = r.server.Members(k)
		case "zset":
			d.Sorted[k], _ = r.server.SortedSet(k)
		case "hash":
			fields, _ := r.server.HKeys(k)
			h := map[string]string{}
			for _, f := range fields {
				h[f] = r.server.HGet(k, f)
			}
			d.Hashes[k] = h
		}
		if ttl := r.server.TTL(k); ttl > 0 {
			d.Seconds[k] = int64(ttl / time.Second)
		}
	}
	b, err := json.Marshal(d)
	if err == nil && bytes.Equal(b, r.kept) {
		return // what has come since the last time has changed nothing
	}
	r.kept = b
	if err == nil {
		err = r.p.files.change(dumpFile, func(root *os.Root, rel string) error {
			if err := root.WriteFile(rel+".tmp", b, fs.FileMode(0o600)); err != nil {
				return err
			}
			return root.Rename(rel+".tmp", rel)
		})
	}
	if err != nil {
		r.kept = nil // it is tried again
		fmt.Fprintf(r.p.spec.Stderr, "redis: cannot keep the data in %s: %v\n", dumpFile, err)
	}
}

// countIn counts a visit in a Redis server, and says how many there have been.
func (p *process) countIn(ctx context.Context, address string) (string, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(address, "6379")
	}
	c, err := p.dial(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	answer, err := redisCommand(ctx, c, "INCR", "visits")
	if err != nil {
		return "", err
	}
	return "visits: " + answer, nil
}

// redisCommand sends a command and gives the answer as redis-cli prints it.
func redisCommand(ctx context.Context, c net.Conn, args ...string) (string, error) {
	if t, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(t)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := c.Write([]byte(b.String())); err != nil {
		return "", err
	}
	return redisReply(bufio.NewReader(c), "")
}

func redisReply(r *bufio.Reader, indent string) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", fmt.Errorf("not a Redis answer")
	}
	kind, rest := line[0], line[1:]
	n, _ := strconv.Atoi(rest)
	switch kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "(error) " + rest, nil
	case '$':
		if n < 0 {
			return "", nil
		}
		buf := make([]byte, n+2)
		for at := 0; at < len(buf); {
			k, err := r.Read(buf[at:])
			if err != nil {
				return "", err
			}
			at += k
		}
		return string(buf[:n]), nil
	case '*':
		var out []string
		for range n {
			s, err := redisReply(r, indent+"  ")
			if err != nil {
				return "", err
			}
			out = append(out, s)
		}
		return strings.Join(out, "\n"), nil
	}
	return "", fmt.Errorf("not a Redis answer: %q", line)
}
