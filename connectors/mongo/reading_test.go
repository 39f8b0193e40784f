package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/mongo"
	"github.com/onstream/onstream/plugins"
)

// patience is how long a test waits for what is to happen.
const patience = 30 * time.Second

// registry has the kinds of the package.
func registry(t testing.TB) *plugins.Registry {
	t.Helper()
	var r plugins.Registry
	if err := mongo.Register(&r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// dial makes a connection to the database of a URI, with quick attempts to connect, and a log that is kept.
func dial(t testing.TB, uri string, values map[string]any) (plugins.Connection, *logged) {
	t.Helper()
	kind, _ := registry(t).Connector("mongo")
	all := map[string]any{"uri": plugins.NewSecret(uri), "server_selection_timeout": 3 * time.Second, "timeout": 10 * time.Second}
	for name, v := range values {
		all[name] = v
	}
	env := bustest.Env("connector.store")
	said := &logged{}
	env.Logger = slog.New(slog.NewTextHandler(said, nil))
	c, err := kind.New(bustest.Block(kind.Schema, all, bustest.Nested(kind.Schema, "retry", map[string]any{"backoff": 5 * time.Millisecond, "max_backoff": 50 * time.Millisecond})), env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Errorf("close the connection: %v", err)
		}
	})
	return c, said
}

// logged is what was logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// sourceOf makes a source over a connection.
func sourceOf(t testing.TB, c plugins.Connection, said *logged, values map[string]any) plugins.Source {
	t.Helper()
	kind, _ := registry(t).Source("mongo")
	config := bustest.Block(kind.Schema, values)
	if err := kind.Check(config); err != nil {
		t.Fatal(err)
	}
	env := bustest.Env("source.docs")
	env.Connection = c
	env.Framing = plugins.Framing{}
	if said != nil {
		env.Logger = slog.New(slog.NewTextHandler(said, nil))
	}
	s, err := kind.New(config, env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// taker is an outlet that keeps what it is handed, and takes no more than it is told to.
type taker struct {
	pool plugins.Pool
	most int // deliveries with records; 0 for all

	mu      sync.Mutex
	records []string
	keys    []string
	part    plugins.Partition
	next    plugins.Position // behind what was taken
	handed  int
	changed chan struct{}
}

var errFull = errors.New("that is enough")

func (o *taker) Batch() *plugins.Batch { return o.pool.Batch() }

func (o *taker) Done(plugins.Partition) {}

func (o *taker) Hand(ctx context.Context, d plugins.Delivery) error {
	defer d.Batch.Release()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.most > 0 && o.handed == o.most {
		return errFull
	}
	for _, i := range d.Batch.Sel {
		o.records = append(o.records, string(d.Batch.Value(i)))
		o.keys = append(o.keys, string(d.Batch.Key(i)))
	}
	if len(d.Batch.Sel) > 0 {
		o.handed++
	}
	o.part, o.next = d.Batch.Part, d.Next
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return ctx.Err()
}

// has waits until something holds of what was taken.
func (o *taker) has(t testing.TB, what string, holds func() bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		o.mu.Lock()
		if holds() {
			o.mu.Unlock()
			return
		}
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
		case <-limit:
			o.mu.Lock()
			defer o.mu.Unlock()
			t.Fatalf("not %s; there are %d records: %.2000s", what, len(o.records), strings.Join(o.records, "\n"))
		}
	}
}

// hasRecords waits until there are so many.
func (o *taker) hasRecords(t testing.TB, n int) {
	t.Helper()
	o.has(t, fmt.Sprintf("%d records", n), func() bool { return len(o.records) >= n })
}

// running is a source that runs.
type running struct {
	stop  context.CancelFunc
	ended chan error
}

// run runs a source behind what an outlet has, until the test ends.
func run(t testing.TB, s plugins.Source, o *taker) *running {
	t.Helper()
	o.mu.Lock()
	next, part := o.next, o.part
	o.mu.Unlock()
	if next != nil {
		if err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{part: next}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{stop, make(chan error, 1)}
	go func() { r.ended <- s.Run(ctx, o) }()
	t.Cleanup(func() { r.end(t) })
	return r
}

// end stops the source, which is to end at once.
func (r *running) end(t testing.TB) {
	t.Helper()
	if r.ended == nil {
		return
	}
	r.stop()
	select {
	case err := <-r.ended:
		if !errors.Is(err, context.Canceled) && !errors.Is(err, errFull) {
			t.Errorf("the source ended: %v", err)
		}
	case <-time.After(patience):
		t.Error("the source does not end")
	}
	r.ended = nil
}

// fails waits until the source ends on its own, and returns why.
func (r *running) fails(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.ended:
		r.ended = nil
		if err == nil {
			t.Fatal("it ended without an error")
		}
		return err
	case <-time.After(patience):
		t.Fatal("the source does not end")
		return nil
	}
}

// permanently waits until the source has ended for good, and looks for words in why.
func (r *running) permanently(t testing.TB, words ...string) {
	t.Helper()
	err := r.fails(t)
	if !plugins.IsPermanent(err) {
		t.Errorf("it is tried again: %v", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\nhas no %q", err, w)
		}
	}
}

// realURI is where a real server is, in a database of the test's own, which is dropped behind it.
func realURI(t testing.TB) (string, *driver.Database) {
	t.Helper()
	base := os.Getenv("MONGODB_URI")
	if base == "" {
		base = "mongodb://" + bustest.Server(t, "ONSTREAM_TEST_MONGO")
	}
	return inDatabase(t, base)
}

// inDatabase adds a database of the test's own to a URI, which is dropped behind it.
func inDatabase(t testing.TB, base string) (string, *driver.Database) {
	t.Helper()
	name := "test_" + bson.NewObjectID().Hex()
	at, query, _ := strings.Cut(base, "?")
	hosts := strings.TrimPrefix(at, "mongodb://")
	if i := strings.IndexByte(hosts, '/'); i >= 0 && !strings.HasPrefix(at, "mongodb+srv") {
		at = at[:len(at)-len(hosts)+i]
	}
	uri := strings.TrimSuffix(at, "/") + "/" + name
	if query != "" {
		uri += "?" + query
	}
	client, err := driver.Connect(options.Client().ApplyURI(base))
	if err != nil {
		t.Fatal(err)
	}
	db := client.Database(name)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := db.Drop(ctx); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
		if err := client.Disconnect(ctx); err != nil {
			t.Errorf("end the client of the test: %v", err)
		}
	})
	return uri, db
}

// insert puts documents into a collection.
func insert(t testing.TB, c *driver.Collection, docs ...any) {
	t.Helper()
	if _, err := c.InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}

// doc makes a document of names and values.
func doc(of ...any) bson.D {
	d := bson.D{}
	for i := 0; i < len(of); i += 2 {
		d = append(d, bson.E{Key: of[i].(string), Value: of[i+1]})
	}
	return d
}

// block returns a configuration with the defaults of a schema.
func block(s plugins.Schema, values map[string]any) plugins.Config { return bustest.Block(s, values) }

// withConnection returns what a stage over a connection is given.
func withConnection(c plugins.Connection) plugins.Env {
	env := bustest.Env("transform.stage")
	env.Connection = c
	return env
}

// waitFor waits until something holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is not so that %s", what)
		}
	}
}
