package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// mongoJars is the variable with the folder of the jars of mongo-java-server: those that scripts/services has fetched.
const mongoJars = "ONSTREAM_TEST_MONGO_JARS"

// Mongo returns a database in the place of a bus: its topics are collections, which are only written to.
func Mongo() Kind {
	jars := os.Getenv(mongoJars)
	return Kind{
		Name: "mongo", Server: "mongo-java-server", Silence: 20 * time.Second,
		Absent: func() string {
			if jars == "" {
				return mongoJars + " has no folder"
			}
			return absentProgram("java")()
		},
		Launch: func(s site) (command, error) {
			java, err := exec.LookPath("java")
			if err != nil {
				return command{}, err
			}
			_, port, err := net.SplitHostPort(s.addr)
			if err != nil {
				return command{}, err
			}
			return command{words: []string{java, "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-cp", jars + ":" + jars + "/*", "Mongo", port, filepath.Join(s.dir, "store")}}, nil
		},
		Connector: func(name, addr string, o Options) string {
			return fmt.Sprintf(`connector "mongo" %q {
  uri                      = "mongodb://%s/%s"
  server_selection_timeout = "1s"
}
`, name, addr, o.Run)
		},
		Connect: func(addr, run string) Client { return &store{addr: addr, run: run} },
	}
}

// Store is a [Client] of what keeps an entry once, however often it is written, and in no order.
type Store interface {
	Client
	// Documents calls f with all that is in a topic now, as JSON.
	Documents(ctx context.Context, topic string, f func(text []byte)) error
}

// store is a client of MongoDB, whose database is the run.
type store struct {
	addr, run string
	client    *mongo.Client
}

var _ Store = (*store)(nil)

func (s *store) connect() error {
	if s.client != nil {
		return nil
	}
	var err error
	s.client, err = mongo.Connect(options.Client().ApplyURI("mongodb://" + s.addr).SetServerSelectionTimeout(time.Second).SetTimeout(confirmLimit))
	return err
}

// Make implements [Client]: nothing is sent.
func (s *store) Make(context.Context, string) error { return nil }

// Keep implements [Client]: collections keep everything.
func (s *store) Keep(context.Context, []string) error { return s.connect() }

// Send implements [Client]: nothing is sent.
func (s *store) Send(context.Context, string, []Message) (int, error) {
	return 0, fmt.Errorf("nothing is sent to %s", s.addr)
}

// Documents implements [Store].
func (s *store) Documents(ctx context.Context, topic string, f func(text []byte)) error {
	if err := s.connect(); err != nil {
		return err
	}
	found, err := s.client.Database(s.run).Collection(topic).Find(ctx, bson.D{}, options.Find().SetBatchSize(10000))
	if err != nil {
		return err
	}
	for found.Next(ctx) {
		var fields bson.M
		if err := found.Decode(&fields); err != nil {
			return err
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		f(text)
	}
	return found.Err()
}

// Follow implements [Client]. Nothing says what is new in a collection: it is read whole, again and again, with pauses that leave the
// machine to others.
func (s *store) Follow(ctx context.Context, topics []string, f func(topic string, text []byte)) error {
	known := map[string]map[string]bool{}
	for _, t := range topics {
		known[t] = map[string]bool{}
	}
	for ctx.Err() == nil {
		began := time.Now()
		for _, t := range topics {
			// An outage is what this may be about: what was not read is read the next time.
			_ = s.Documents(ctx, t, func(text []byte) {
				if of := known[t]; !of[string(text)] {
					of[string(text)] = true
					f(t, text)
				}
			})
		}
		select {
		case <-ctx.Done():
		case <-time.After(20*time.Millisecond + time.Since(began)):
		}
	}
	return nil
}

// Close implements [Client].
func (s *store) Close() {
	if s.client != nil {
		_ = s.client.Disconnect(context.Background()) // nothing is under way
	}
}
