package mongo_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// store is a server that keeps the documents of inserts and upserts by their _id, and fails when it is told to.
type store struct {
	mu   sync.Mutex
	docs map[string]bson.Raw
	// fail is asked before a command is done, and after: what it returns is the answer, and a document without elements
	// hangs up. Nil is no failure.
	fail func(command string, docs []bson.Raw, done bool) *bson.D
	said []string // commands that write
}

var hangUp = &bson.D{}

func (s *store) serve(t testing.TB) *peer {
	s.docs = map[string]bson.Raw{}
	return newPeer(t, answers{"insert": s.write, "update": s.write, "find": s.find})
}

func (s *store) write(c call) bson.D {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, c.Name+" "+c.lookup("writeConcern").String())
	list := map[string]string{"insert": "documents", "update": "updates"}[c.Name]
	values, err := c.lookup(list).Array().Values()
	if err != nil {
		return failure(1, "InternalError", err.Error())
	}
	var docs []bson.Raw
	for _, v := range values {
		d := v.Document()
		if c.Name == "update" {
			d = d.Lookup("u").Document()
		}
		docs = append(docs, slices.Clone(d))
	}
	failed := func(done bool) (bson.D, bool) {
		if s.fail == nil {
			return nil, false
		}
		f := s.fail(c.Name, docs, done)
		switch {
		case f == nil:
			return nil, false
		case len(*f) == 0:
			return nil, true
		}
		return *f, true
	}
	if answer, is := failed(false); is {
		return answer
	}
	ordered := c.lookup("ordered").Boolean()
	refused := bson.A{}
	for i, d := range docs {
		id := d.Lookup("_id").String()
		if _, there := s.docs[id]; there && c.Name == "insert" {
			refused = append(refused, doc("index", i, "code", 11000, "errmsg", "E11000 duplicate key error: "+id))
			if ordered {
				break
			}
			continue
		}
		s.docs[id] = asStored(d)
	}
	if answer, is := failed(true); is {
		return answer
	}
	answer := doc("ok", 1, "n", len(docs)-len(refused))
	if len(refused) > 0 {
		answer = append(answer, bson.E{Key: "writeErrors", Value: refused})
	}
	return answer
}

// asStored is a document as MongoDB keeps it: with its _id in front.
func asStored(d bson.Raw) bson.Raw {
	elements, err := d.Elements()
	if err != nil {
		panic(err)
	}
	var first, others []byte
	for _, e := range elements {
		if e.Key() == "_id" {
			first = append(first, e...)
		} else {
			others = append(others, e...)
		}
	}
	all := append(append(make([]byte, 4, len(d)), first...), others...)
	all = append(all, 0)
	binary.LittleEndian.PutUint32(all, uint32(len(all)))
	return all
}

func (s *store) find(c call) bson.D {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []bson.D
	if d, ok := s.docs[c.lookup("filter", "_id").String()]; ok {
		var there bson.D
		if err := bson.Unmarshal(d, &there); err != nil {
			return failure(1, "InternalError", err.Error())
		}
		found = append(found, there)
	}
	return page(true, 0, "db.docs", found)
}

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.docs)
}

// times fails so many writes.
func times(n int, done bool, answer *bson.D) func(string, []bson.Raw, bool) *bson.D {
	return func(_ string, _ []bson.Raw, d bool) *bson.D {
		if d != done || n == 0 {
			return nil
		}
		n--
		return answer
	}
}

// persist writes a batch as the engine does: again while it fails for a while.
func persist(t testing.TB, s plugins.Sink, values ...string) error {
	t.Helper()
	return bustest.Persist(t, s, bustest.Batch(bustest.Records(values...)...))
}

// What was done, but not confirmed, is done again, and is there once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	notPrimary := failure(10107, "NotWritablePrimary", "not primary")
	unconfirmed := doc("ok", 1, "n", 2, "writeConcernError", doc("code", 64, "codeName", "WriteConcernFailed", "errmsg", "waiting for replication timed out"))
	type failing = func(string, []bson.Raw, bool) *bson.D
	for name, fail := range map[string]func() failing{
		"hangs up behind":      func() failing { return times(2, true, hangUp) },
		"hangs up before":      func() failing { return times(2, false, hangUp) },
		"is no primary":        func() failing { return times(2, false, &notPrimary) },
		"becomes no primary":   func() failing { return times(1, true, &notPrimary) },
		"is not sure it stays": func() failing { return times(1, true, &unconfirmed) },
	} {
		for _, mode := range []string{"insert", "upsert"} {
			t.Run(mode+", "+name, func(t *testing.T) {
				t.Parallel()
				st := &store{fail: fail()}
				p := st.serve(t)
				conn, _ := dial(t, "mongodb://"+p.Addr+"/db?replicaSet=rs0", nil)
				values := map[string]any{"mode": mode}
				records := []string{`{"v":1}`, `{"v":1}`, `{"v":2,"_id":7}`}
				if mode == "upsert" {
					values["id"] = fields("_id")
					records = []string{`{"_id":1}`, `{"_id":2}`, `{"_id":7,"v":2}`}
				}
				s := sinkOf(t, conn, values)
				if err := persist(t, s, records...); err != nil {
					t.Fatal(err)
				}
				if n := st.count(); n != 3 {
					t.Errorf("there are %d documents, not 3", n)
				}
				if !strings.Contains(st.said[0], `"w": "majority","j": true`) {
					t.Errorf("a majority and the journal are not asked for: %s", st.said[0])
				}
				if mode == "insert" { // one that was there before is no repeat
					refusedRows(t, persist(t, s, `{"_id":7,"v":3}`), map[uint32]string{0: "duplicate_key: "})
				}
			})
		}
	}
}

// A record on which the server hangs up each time does not hold up the others.
func TestRecordOnWhichTheServerHangsUp(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"insert", "upsert"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			poison := func(_ string, docs []bson.Raw, done bool) *bson.D {
				for _, d := range docs {
					if _, err := d.LookupErr("poison"); err == nil && done == (mode == "insert") {
						return hangUp
					}
				}
				return nil
			}
			st := &store{fail: poison}
			p := st.serve(t)
			conn, _ := dial(t, "mongodb://"+p.Addr+"/db", nil)
			s := sinkOf(t, conn, map[string]any{"mode": mode, "id": fields("_id")})
			var records []string
			for i := range 100 {
				records = append(records, fmt.Sprintf(`{"_id":%d}`, i))
			}
			records[37] = `{"_id":37,"poison":true}`
			err := persist(t, s, records...)
			if mode == "upsert" {
				refusedRows(t, err, map[uint32]string{37: "the server hangs up each time it is sent this record alone"})
			}
			if n := st.count(); n < 99 {
				t.Errorf("there are %d documents, not 99", n)
			}
		})
	}
}

// A command that is refused as a whole for one record is divided until that one is found.
func TestBulkThatIsRefusedForOneRecord(t *testing.T) {
	t.Parallel()
	st := &store{fail: func(_ string, docs []bson.Raw, done bool) *bson.D {
		for _, d := range docs {
			if _, err := d.LookupErr("bad"); err == nil && !done {
				f := failure(2, "BadValue", "no such thing")
				return &f
			}
		}
		return nil
	}}
	p := st.serve(t)
	conn, _ := dial(t, "mongodb://"+p.Addr+"/db", nil)
	s := sinkOf(t, conn, map[string]any{"id": fields("_id")})
	var records []string
	for i := range 50 {
		records = append(records, fmt.Sprintf(`{"_id":%d}`, i))
	}
	records[0], records[49] = `{"_id":0,"bad":1}`, `{"_id":49,"bad":1}`
	refusedRows(t, persist(t, s, records...), map[uint32]string{0: "no such thing", 49: "no such thing"})
	if n := st.count(); n != 48 {
		t.Errorf("there are %d documents, not 48", n)
	}
}

// What the server says is there is looked at where the answer to an insert was lost; while it cannot be looked at, nothing is given up.
func TestLookAtWhatWasInsertedFails(t *testing.T) {
	t.Parallel()
	st := &store{docs: map[string]bson.Raw{}, fail: times(1, true, hangUp)}
	var looks atomic.Int64
	p := newPeer(t, answers{"insert": st.write, "find": func(c call) bson.D {
		if looks.Add(1) <= 2 { // the driver asks once more by itself
			return failure(24, "LockTimeout", "no lock")
		}
		return st.find(c)
	}})
	conn, _ := dial(t, "mongodb://"+p.Addr+"/db", nil)
	s := sinkOf(t, conn, nil)
	if err := persist(t, s, `{"_id":1,"v":1}`, `{"_id":2}`, `{"_id":3}`); err != nil {
		t.Fatal(err)
	}
	if st.count() != 3 || looks.Load() < 3 {
		t.Errorf("%d documents, looked at %d times", st.count(), looks.Load())
	}
}

// An upsert whose key another has added in between is done again, and what cannot be done is refused.
func TestUpsertsThatRace(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{true, false} {
		t.Run(fmt.Sprint("ordered ", ordered), func(t *testing.T) {
			t.Parallel()
			st := &store{}
			losses := map[string]int{}
			st.fail = func(_ string, docs []bson.Raw, done bool) *bson.D {
				refused := bson.A{}
				for i, d := range docs {
					id := d.Lookup("_id").String()
					if _, taken := d.LookupErr("taken"); done && (taken == nil || losses[id] < 1) && (len(refused) == 0 || !ordered) {
						losses[id]++
						refused = append(refused, doc("index", i, "code", 11000, "errmsg", "E11000 duplicate key error: "+id))
					}
				}
				if len(refused) == 0 {
					return nil
				}
				answer := doc("ok", 1, "n", len(docs)-len(refused), "writeErrors", refused)
				return &answer
			}
			p := st.serve(t)
			conn, _ := dial(t, "mongodb://"+p.Addr+"/db", nil)
			s := sinkOf(t, conn, map[string]any{"id": fields("_id"), "ordered": ordered})
			err := persist(t, s, `{"_id":1}`, `{"_id":2,"taken":1}`, `{"_id":3}`)
			refusedRows(t, err, map[uint32]string{1: "duplicate_key: a document with that key is there already"})
			if len(losses) != 3 {
				t.Errorf("raced: %v", losses)
			}
		})
	}
}

// A bulk that takes the server too long is divided, until it is done in time.
func TestBulksThatTakeTooLongBecomeSmaller(t *testing.T) {
	t.Parallel()
	st := &store{docs: map[string]bson.Raw{}}
	p := newPeer(t, answers{"update": func(c call) bson.D {
		if values, err := c.lookup("updates").Array().Values(); err != nil || len(values) > 30 {
			<-c.ctx.Done()
			return nil
		}
		return st.write(c)
	}})
	conn, _ := dial(t, "mongodb://"+p.Addr+"/db", map[string]any{"timeout": 200 * time.Millisecond})
	s := sinkOf(t, conn, map[string]any{"id": fields("_id")})
	var records []string
	for i := range 200 {
		records = append(records, fmt.Sprintf(`{"_id":%d}`, i))
	}
	if err := persist(t, s, records...); err != nil || st.count() != 200 {
		t.Errorf("%v, %d documents", err, st.count())
	}
}

// Many that are refused in a row do not have all that stands behind them sent each time.
func TestManyDuplicatesInOrder(t *testing.T) {
	t.Parallel()
	st := &store{}
	sent := 0
	st.fail = func(_ string, docs []bson.Raw, done bool) *bson.D {
		if done {
			sent += len(docs)
		}
		return nil
	}
	p := st.serve(t)
	conn, _ := dial(t, "mongodb://"+p.Addr+"/db", nil)
	s := sinkOf(t, conn, map[string]any{"mode": "insert"})
	const n = 300
	var records []string
	want := map[uint32]string{}
	for i := range n {
		records = append(records, fmt.Sprintf(`{"_id":%d}`, i))
		want[uint32(i)] = "duplicate_key: "
	}
	if err := persist(t, s, records...); err != nil {
		t.Fatal(err)
	}
	sent = 0
	refusedRows(t, persist(t, s, records...), want)
	if sent > 10*n {
		t.Errorf("%d were sent for %d", sent, n)
	}
	refusedRows(t, persist(t, s, `{"_id":"new"}`, `{"_id":1}`, `{"_id":"newer"}`), map[uint32]string{1: "duplicate_key: "})
	if st.count() != n+2 {
		t.Errorf("there are %d documents", st.count())
	}
}

// Repeats of a key keep their order where others need not.
func TestUnorderedKeepsTheOrderOfAKey(t *testing.T) {
	t.Parallel()
	st := &store{}
	together := false
	st.fail = func(_ string, docs []bson.Raw, done bool) *bson.D {
		seen := map[string]bool{}
		for _, d := range docs {
			id := d.Lookup("_id").String()
			together = together || seen[id]
			seen[id] = true
		}
		return nil
	}
	p := st.serve(t)
	conn, _ := dial(t, "mongodb://"+p.Addr+"/db", nil)
	s := sinkOf(t, conn, map[string]any{"id": fields("_id"), "ordered": false})
	if err := bustest.Give(t, s, `{"_id":1,"v":1}`, `{"_id":2}`, `{"_id":1,"v":2}`, `{"_id":1,"v":3}`); err != nil {
		t.Fatal(err)
	}
	if together {
		t.Error("two writes of one key were sent together")
	}
	if got := st.docs[`{"$numberLong":"1"}`].Lookup("v").AsInt64(); got != 3 {
		t.Errorf("the last is %d: %v", got, st.docs)
	}
}

// The bulks are as small as they are asked to be.
func TestBulksAreBounded(t *testing.T) {
	t.Parallel()
	st := &store{}
	most, bytes := 0, 0
	st.fail = func(_ string, docs []bson.Raw, done bool) *bson.D {
		if done {
			return nil
		}
		size := 0
		for _, d := range docs {
			size += len(d)
		}
		most, bytes = max(most, len(docs)), max(bytes, size)
		return nil
	}
	p := st.serve(t)
	conn, _ := dial(t, "mongodb://"+p.Addr+"/db", nil)
	s := sinkOf(t, conn, map[string]any{"max_records": int64(10), "max_bytes": int64(2000)})
	var records []string
	for i := range 100 {
		records = append(records, fmt.Sprintf(`{"_id":%d,"v":"%s"}`, i, strings.Repeat("x", 10*i)))
	}
	if err := bustest.Give(t, s, records...); err != nil {
		t.Fatal(err)
	}
	if st.count() != 100 || most != 10 || bytes > 2000 {
		t.Errorf("%d documents, %d in a bulk of %d bytes", st.count(), most, bytes)
	}
}

func TestTimeSeriesIsMade(t *testing.T) {
	t.Parallel()
	var made bson.Raw
	var mu sync.Mutex
	p := newPeer(t, answers{
		"listCollections": func(call) bson.D {
			mu.Lock()
			defer mu.Unlock()
			if made == nil {
				return page(true, 0, "db.$cmd.listCollections", nil)
			}
			series := made.Lookup("timeseries").Document()
			return page(true, 0, "db.$cmd.listCollections", []bson.D{doc("name", "docs", "type", "timeseries", "options", doc("timeseries", series, "expireAfterSeconds", made.Lookup("expireAfterSeconds")))})
		},
		"create": func(c call) bson.D {
			mu.Lock()
			defer mu.Unlock()
			made = slices.Clone(c.Body)
			return doc("ok", 1)
		},
	})
	conn, _ := dial(t, "mongodb://"+p.Addr+"/db", nil)
	create := func(granularity string, expire time.Duration) plugins.ConfigBlock {
		kind, _ := registry(t).Sink("mongo")
		b := nested(t, "create", map[string]any{"expire_after": expire})
		for _, k := range kind.Schema.Blocks {
			if k.Name == "create" {
				series := bustest.Nested(k.Schema, "time_series", map[string]any{"time_field": "at", "meta_field": "device", "granularity": granularity})
				b.Config = bustest.Block(k.Schema, map[string]any{"expire_after": expire}, series)
			}
		}
		return b
	}
	sinkOf(t, conn, nil, create("minutes", time.Hour))
	if got := made.Lookup("timeseries").String(); !strings.Contains(got, `"timeField": "at"`) || !strings.Contains(got, `"metaField": "device"`) || !strings.Contains(got, `"granularity": "minutes"`) {
		t.Error(made)
	}
	sinkOf(t, conn, nil, create("minutes", time.Hour)) // it is there, and the same
	for want, b := range map[string]plugins.ConfigBlock{
		`its granularity is "minutes", not "hours"`:       create("hours", time.Hour),
		"documents expire in it after 3600 s, not 7200 s": create("minutes", 2*time.Hour),
	} {
		err := unopened(t, conn, nil, b).(plugins.Opener).Open(t.Context())
		if !plugins.IsPermanent(err) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "change the block create, or drop the collection") {
			t.Errorf("%v\nhas no %q", err, want)
		}
	}
}

// A server that is not there at the start is told within a moment, and found when it comes.
func TestServerThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	addr := bustest.Nowhere(t)
	conn, said := dial(t, "mongodb://"+addr+"/db", nil)
	s := unopened(t, conn, map[string]any{"id": fields("_id")})
	began := time.Now()
	err := s.(plugins.Opener).Open(t.Context())
	if err == nil || plugins.IsPermanent(err) || !strings.Contains(err.Error(), "connect at "+addr+": ") || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("that took %v", d)
	}
	if got := said.String(); strings.Count(got, "the server cannot be reached") != 1 || !strings.Contains(got, addr) {
		t.Errorf("it said %q", got)
	}
	status := conn.(plugins.Monitored).Status()
	if status.Connected || !strings.Contains(status.Err, "connection refused") {
		t.Errorf("%+v", status)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	st := &store{docs: map[string]bson.Raw{}}
	servePeer(t, l, answers{"update": st.write})
	if err := persist(t, s, `{"_id":1}`); err != nil || st.count() != 1 {
		t.Errorf("%v, %d documents", err, st.count())
	}
	if !conn.(plugins.Monitored).Status().Connected || !strings.Contains(said.String(), "the server is reached") {
		t.Error("that it is reached is not told")
	}
}

// A sink whose server is away ends when it is told to.
func TestSinkEndsWithoutAServer(t *testing.T) {
	t.Parallel()
	conn, _ := dial(t, "mongodb://"+bustest.Nowhere(t)+"/db", map[string]any{"server_selection_timeout": time.Minute, "timeout": time.Minute})
	s := unopened(t, conn, map[string]any{"id": fields("_id")})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	if err := s.Write(ctx, bustest.Batch(bustest.Records(`{"_id":1}`)...), func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	stop()
	select {
	case err := <-done:
		if err == nil || time.Since(began) > 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}

func TestAuthenticationFailure(t *testing.T) {
	t.Parallel()
	refuse := func(call) bson.D { return failure(18, "AuthenticationFailed", "Authentication failed.") }
	p := newPeer(t, answers{"saslStart": refuse})
	for name, c := range map[string]struct {
		uri    string
		values map[string]any
	}{
		"uri":        {"mongodb://onstream:hunter2@" + p.Addr + "/db?authMechanism=SCRAM-SHA-256", nil},
		"attributes": {"mongodb://" + p.Addr + "/db", map[string]any{"username": "onstream", "password": plugins.NewSecret("hunter2")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, said := dial(t, c.uri, c.values)
			err := unopened(t, conn, nil).(plugins.Opener).Open(t.Context())
			if !plugins.IsPermanent(err) {
				t.Fatalf("it is tried again: %v", err)
			}
			for _, want := range []string{`the user "onstream" is not let in`, "check the password", "authSource", p.Addr} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nhas no %q", err, want)
				}
			}
			if strings.Contains(err.Error()+said.String()+conn.(plugins.Monitored).Status().Err, "hunter2") {
				t.Errorf("the password is told: %v %s", err, said)
			}
		})
	}
}

func TestOtherReplicaSet(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	conn, _ := dial(t, "mongodb://"+p.Addr+"/db?replicaSet=other", nil)
	err := unopened(t, conn, nil).(plugins.Opener).Open(t.Context())
	if !plugins.IsPermanent(err) || !strings.Contains(err.Error(), "the replica set that replicaSet in uri names") {
		t.Errorf("%v", err)
	}
}

// TLS to a server that has none, and the other way round.
func TestTLSThatDoesNotFit(t *testing.T) {
	t.Parallel()
	cert, key := bustest.Certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, nil)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	secured := servePeer(t, l, nil)
	for name, tt := range map[string]struct{ uri, want string }{
		"TLS to a server without":   {"mongodb://" + p.Addr + "/db?tls=true", "the server speaks no TLS there"},
		"no TLS to a server with":   {"mongodb://" + secured.Addr + "/db", "the server expects TLS there: write a block tls"},
		"a certificate of somebody": {"mongodb://" + secured.Addr + "/db?tls=true", "the server's certificate is not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, _ := dial(t, tt.uri, nil)
			err := unopened(t, conn, nil).(plugins.Opener).Open(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v\nhas no %q", err, tt.want)
			}
		})
	}
}
