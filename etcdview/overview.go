package etcdview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Member is one server of an etcd cluster, and how it is doing.
type Member struct {
	ID         string   `json:"id"` // hexadecimal, as etcd prints it
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
	// Endpoint is where it was asked; empty where it could not be reached.
	Endpoint string `json:"endpoint,omitempty"`
	Leader   bool   `json:"leader"`
	Learner  bool   `json:"learner"`
	// Version is the server's, StorageVersion that of its data (since etcd 3.6).
	Version        string `json:"version,omitempty"`
	StorageVersion string `json:"storageVersion,omitempty"`
	// Size is that of the database file in bytes, InUse what of it holds data, Quota the most it may be (since 3.6).
	Size  int64 `json:"size"`
	InUse int64 `json:"inUse"`
	Quota int64 `json:"quota,omitempty"`
	// Term, Index and Applied are Raft's.
	Term    uint64 `json:"raftTerm"`
	Index   uint64 `json:"raftIndex"`
	Applied uint64 `json:"raftAppliedIndex"`
	// Latency is what the answer took.
	Latency time.Duration `json:"latencyNanoseconds"`
	// Errors are the member's own complaints; Err is why it could not be asked.
	Errors []string `json:"errors,omitempty"`
	Err    string   `json:"error,omitempty"`
}

// Fragmentation is the part of the file, from 0 to 1, that holds nothing: what defragmenting gives back.
func (m *Member) Fragmentation() float64 {
	if m.Size <= 0 {
		return 0
	}
	return 1 - float64(m.InUse)/float64(m.Size)
}

// Alarm is a state that etcd has declared: NOSPACE stops all writes, CORRUPT all use of a member.
type Alarm struct {
	Member string `json:"member"`
	Type   string `json:"type"`
}

// ClusterID is what the members of an etcd cluster call it, in hexadecimal.
func (s *Store) ClusterID(ctx context.Context) (string, error) {
	a, err := s.any(ctx)
	if err != nil {
		return "", readError("ask for the cluster's ID", "", err)
	}
	return hex(a.status.Header.ClusterId), nil
}

// Status is that of the member which answers first: those that are down do not matter.
func (s *Store) Status(ctx context.Context) (*clientv3.StatusResponse, error) {
	a, err := s.any(ctx)
	if err != nil {
		return nil, readError("ask for the status", "", err)
	}
	return a.status, nil
}

// any is the first answer of a member: all are asked at once.
func (s *Store) any(ctx context.Context) (answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		a   answer
		err error
	}
	endpoints := s.client.Endpoints()
	results := make(chan result, len(endpoints))
	for _, e := range endpoints {
		go func() {
			a, err := s.status(ctx, e)
			results <- result{a, err}
		}()
	}
	last := result{err: errors.New("there is no endpoint")}
	for range endpoints {
		if last = <-results; last.err == nil {
			break
		}
	}
	return last.a, last.err
}

// Overview is an etcd cluster at a glance.
type Overview struct {
	ClusterID string `json:"clusterID"`
	Revision  int64  `json:"revision"`
	// CompactRevision is the oldest revision that can be read; 0 where nothing was compacted.
	CompactRevision int64    `json:"compactRevision"`
	Members         []Member `json:"members"`
	Alarms          []Alarm  `json:"alarms"`
	// Err is why the members do not answer together, for want of a quorum mostly, though some of them do: what is told is
	// then what each knows by itself.
	Err string `json:"error,omitempty"`
}

// NameOf is the name of a member, or its ID where it has none.
func (o *Overview) NameOf(id string) string {
	for i := range o.Members {
		if m := &o.Members[i]; m.ID == id && m.Name != "" {
			return m.Name
		}
	}
	return id
}

// Lag is how many log entries a member has applied less than the one that is furthest.
func (o *Overview) Lag(m *Member) uint64 {
	var most uint64
	for i := range o.Members {
		most = max(most, o.Members[i].Applied)
	}
	if m.Applied == 0 || m.Applied > most {
		return 0
	}
	return most - m.Applied
}

// memberTimeout bounds how long one member is asked; those that are down must not hold up the others.
const memberTimeout = 2 * time.Second

// Overview asks every member at once. A member that does not answer has Err set, as the overview has where there is no
// quorum; the error is for a cluster that none can be asked of.
func (s *Store) Overview(ctx context.Context) (*Overview, error) {
	list, together, err := s.memberList(ctx)
	if err != nil {
		return nil, err
	}
	o := &Overview{ClusterID: hex(list.Header.ClusterId), Revision: 0}
	o.Members = make([]Member, len(list.Members))
	given, silent := s.byEndpoint(ctx)
	var wg sync.WaitGroup
	for i, m := range list.Members {
		o.Members[i] = Member{ID: hex(m.ID), Name: m.Name, PeerURLs: m.PeerURLs, ClientURLs: m.ClientURLs, Learner: m.IsLearner}
		wg.Go(func() { s.ask(ctx, m, given[m.ID], silent, &o.Members[i]) })
	}
	wg.Wait()
	slices.SortFunc(o.Members, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	if o.CompactRevision, err = s.CompactRevision(ctx); err != nil && !isDenied(err) {
		return nil, err
	}
	if together != nil {
		o.alone(given, together)
		return o, nil
	}
	asked, cancel := context.WithTimeout(ctx, memberTimeout)
	defer cancel()
	o.Alarms, err = s.Alarms(asked)
	if isDenied(err) { // what a user may not know, others may; the members say it themselves too
		err = nil
	}
	if err == nil {
		o.Revision, err = s.Revision(asked)
	}
	if err != nil && asked.Err() != nil && ctx.Err() == nil { // etcd before 3.5 lists its members without a quorum
		o.alone(given, errNoQuorum)
		return o, nil
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}

var errNoQuorum = errors.New("there may be no quorum")

// alone makes of what single members said what can be made of it.
func (o *Overview) alone(said map[uint64]answer, why error) {
	o.Err = fmt.Sprintf("the members do not answer together: %v", why)
	for _, a := range said {
		o.Revision = max(o.Revision, a.status.Header.Revision)
	}
}

// memberList asks for the members: the cluster as a whole, or one of them alone where the cluster does not answer, which
// together then says.
func (s *Store) memberList(ctx context.Context) (list *clientv3.MemberListResponse, together error, err error) {
	ask := func(opts ...clientv3.OpOption) error {
		ctx, cancel := context.WithTimeout(ctx, memberTimeout)
		defer cancel()
		list, err = s.client.MemberList(ctx, opts...)
		return err
	}
	if together = ask(); together == nil {
		return list, nil, nil
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if err := ask(clientv3.WithSerializable()); err != nil {
		return nil, nil, readError("list the members", "", together)
	}
	if errors.Is(together, context.DeadlineExceeded) {
		together = errNoQuorum
	}
	return list, together, nil
}

// answer is what an endpoint said of itself.
type answer struct {
	endpoint string
	status   *clientv3.StatusResponse
	took     time.Duration
}

// byEndpoint asks the endpoints that the client was given: the addresses that members advertise may be of use within
// their own network only.
func (s *Store) byEndpoint(ctx context.Context) (out map[uint64]answer, silent map[string]error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	out, silent = map[uint64]answer{}, map[string]error{}
	for _, e := range s.client.Endpoints() {
		wg.Go(func() {
			a, err := s.status(ctx, e)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				silent[address(e)] = err
				return
			}
			out[a.status.Header.MemberId] = a
		})
	}
	wg.Wait()
	return out, silent
}

func (s *Store) status(ctx context.Context, endpoint string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, memberTimeout)
	defer cancel()
	start := time.Now()
	r, err := s.client.Status(ctx, endpoint)
	return answer{endpoint, r, time.Since(start)}, err
}

func (s *Store) ask(ctx context.Context, m *etcdserverpb.Member, a answer, silent map[string]error, out *Member) {
	err := fmt.Errorf("it advertises no client URL: it has not joined yet")
	for _, u := range m.ClientURLs {
		if a.status != nil {
			break
		}
		if e, ok := silent[address(u)]; ok { // it was asked a moment ago
			err = e
			continue
		}
		var b answer
		if b, err = s.status(ctx, u); err == nil {
			a = b
		}
	}
	if a.status == nil {
		if errors.Is(err, context.DeadlineExceeded) && len(m.ClientURLs) > 0 {
			err = reach(ctx, m.ClientURLs[0], fmt.Errorf("nothing came within %s", memberTimeout))
		}
		out.Err = err.Error()
		return
	}
	st := a.status
	out.Endpoint, out.Latency = a.endpoint, a.took
	out.Leader = st.Leader == m.ID
	out.Version, out.StorageVersion = st.Version, st.StorageVersion
	out.Size, out.InUse, out.Quota = st.DbSize, st.DbSizeInUse, st.DbSizeQuota
	out.Term, out.Index, out.Applied, out.Errors = st.RaftTerm, st.RaftIndex, st.RaftAppliedIndex, st.Errors
}

// address is an endpoint without its scheme: users may leave that out, members do not.
func address(endpoint string) string {
	if _, rest, ok := strings.Cut(endpoint, "://"); ok {
		endpoint = rest
	}
	return strings.TrimSuffix(endpoint, "/")
}

// reach says why nobody can be connected to at an endpoint, which grpc does not, or what was known before.
func reach(ctx context.Context, endpoint string, known error) error {
	network := "tcp"
	if strings.HasPrefix(endpoint, "unix") {
		network = "unix"
	}
	ctx, cancel := context.WithTimeout(ctx, memberTimeout/4)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, address(endpoint))
	if err != nil {
		return err
	}
	conn.Close()
	return known
}

// Alarms lists what etcd has raised.
func (s *Store) Alarms(ctx context.Context) ([]Alarm, error) {
	var r *clientv3.AlarmResponse
	err := s.Request(ctx, func(ctx context.Context) (err error) {
		r, err = s.client.AlarmList(ctx)
		return err
	})
	if err != nil {
		return nil, readError("list the alarms", "", err)
	}
	var out []Alarm
	for _, a := range r.Alarms {
		out = append(out, Alarm{Member: hex(a.MemberID), Type: a.Alarm.String()})
	}
	return out, nil
}

// Lease is an etcd lease: keys hang on it and go when it ends. (A Kubernetes Lease is an ordinary object.)
type Lease struct {
	ID string `json:"id"` // hexadecimal
	// TTL is what it was granted for, Remaining what is left of it, in seconds.
	TTL       int64    `json:"ttlSeconds"`
	Remaining int64    `json:"remainingSeconds"`
	Keys      []string `json:"keys"`
}

// Leases lists the leases with the keys on them, at most limit of them, the soonest to end first. All is how many there
// are. It takes one request for each.
func (s *Store) Leases(ctx context.Context, limit int) (leases []Lease, all int, err error) {
	var r *clientv3.LeaseLeasesResponse
	err = s.Request(ctx, func(ctx context.Context) (err error) {
		r, err = s.client.Leases(ctx)
		return err
	})
	if err != nil {
		return nil, 0, readError("list the leases", "", err)
	}
	ids := r.Leases[:min(limit, len(r.Leases))]
	var mu sync.Mutex
	var wg sync.WaitGroup
	free := make(chan struct{}, 8) // requests at a time
	for _, l := range ids {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			lease, e := s.Lease(ctx, int64(l.ID))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case e == nil:
				leases = append(leases, *lease)
			case !errors.Is(e, ErrNotFound): // it may have ended meanwhile
				err = e
			}
		})
	}
	wg.Wait()
	slices.SortFunc(leases, func(a, b Lease) int { return cmp.Or(cmp.Compare(a.Remaining, b.Remaining), cmp.Compare(a.ID, b.ID)) })
	return leases, len(r.Leases), err
}

// Lease asks for one lease, with the keys on it. It returns ErrNotFound for one that has ended or never was.
func (s *Store) Lease(ctx context.Context, id int64) (*Lease, error) {
	var t *clientv3.LeaseTimeToLiveResponse
	err := s.Request(ctx, func(ctx context.Context) (err error) {
		t, err = s.client.TimeToLive(ctx, clientv3.LeaseID(id), clientv3.WithAttachedKeys())
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return nil, readError("ask for a lease", "", err)
	}
	if err != nil || t.TTL < 0 {
		return nil, fmt.Errorf("lease %x: %w", id, ErrNotFound)
	}
	l := &Lease{ID: hex(uint64(id)), TTL: t.GrantedTTL, Remaining: t.TTL, Keys: []string{}}
	for _, k := range t.Keys {
		l.Keys = append(l.Keys, Printable(string(k)))
	}
	slices.Sort(l.Keys)
	return l, nil
}

func hex(n uint64) string { return fmt.Sprintf("%x", n) }
