package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	mongooptions "go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	// mongoURI and mongoServer name the environment variables with a deployment of MongoDB, and the address of a server
	// of tests.
	mongoURI    = "MONGODB_URI"
	mongoServer = "ONSTREAM_TEST_MONGO"
	// mongoShare is which part of the records goes to a database, where each costs much more than in a file.
	mongoShare = 50
)

// collections are those of the workload mongo. Each run has one of its own.
type collections struct {
	uri    string
	client *mongo.Client
	db     *mongo.Database
	prefix string
	input  string
	run    int
}

// toMongo is a file whose records are put into a collection, each under a key that is made of two fields: by the sink, and by hand with the
// bulk writes of the driver. The key is a text, as mongo-java-server looks through all documents for one that is an object.
func (b *bench) toMongo(ctx context.Context) (err error) {
	uri := os.Getenv(mongoURI)
	if addr := os.Getenv(mongoServer); uri == "" && addr != "" {
		uri = "mongodb://" + addr + "/onstream_bench"
	}
	if uri == "" {
		fmt.Fprintf(b.stdout, "\nmongo: not measured: there is no server, neither %s nor %s is set\n", mongoURI, mongoServer)
		return nil
	}
	client, err := mongo.Connect(mongooptions.Client().ApplyURI(uri))
	if err != nil {
		return fmt.Errorf("reach the server of %s: it is no URI of MongoDB", mongoURI)
	}
	defer func() { err = errors.Join(err, client.Disconnect(context.WithoutCancel(ctx))) }()
	m := &collections{uri: uri, client: client, db: client.Database("onstream_bench"), prefix: "bench_" + strconv.FormatInt(time.Now().UnixNano(), 36)}
	records := max(1, b.records/mongoShare)
	if m.input, err = b.input(records); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.drop(context.WithoutCancel(ctx))) }()
	c := &contest{
		name: "mongo", records: records, prepare: m.prepare, collect: m.collect, verify: sameContent,
		programs: []*program{{name: "by hand", byHand: true, run: func(ctx context.Context, _ string) error { return m.byHand(ctx) }}},
	}
	if b.engine != nil {
		c.programs = append(c.programs, b.ours("engine", func(string) string { return m.hcl() }))
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	fmt.Fprintln(b.stdout, "the server is not measured")
	b.judgeTime(c, "engine", "by hand", 1/0.9)
	return nil
}

// hcl is the pipeline.
func (m *collections) hcl() string {
	return fmt.Sprintf(`
pipeline "mongo" {}
%s
connector "mongo" "store" {
  uri      = %q
  database = "onstream_bench"
}
source "file" "in" {
  path   = %q
  format = "json"
  schema = schema.telemetry
}
transform "map" "keyed" {
  from = source.in
  set  = { id = "${event.device_id}/${event.ts}" }
}
sink "mongo" "out" {
  from       = transform.keyed
  via        = connector.store
  collection = %q
  id         = [event.id]
}
`, telemetrySchema, m.uri, m.input, m.name())
}

func (m *collections) name() string { return fmt.Sprintf("%s_%d", m.prefix, m.run) }

// prepare takes the next collection in place of the last.
func (m *collections) prepare(ctx context.Context) error {
	if err := m.drop(ctx); err != nil {
		return err
	}
	m.run++
	return nil
}

func (m *collections) drop(ctx context.Context) error {
	if m.run == 0 {
		return nil
	}
	if err := m.db.Collection(m.name()).Drop(ctx); err != nil {
		return fmt.Errorf("drop the collection: %w", err)
	}
	return nil
}

// collect makes a file of the collection, in the order of its keys.
func (m *collections) collect(ctx context.Context, path string) error {
	found, err := m.db.Collection(m.name()).Find(ctx, bson.D{}, mongooptions.Find().SetSort(bson.D{{Key: "device_id", Value: 1}, {Key: "ts", Value: 1}}))
	if err != nil {
		return fmt.Errorf("read the collection: %w", err)
	}
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	for found.Next(ctx) {
		// Integers of 32 and of 64 bits are the same here.
		var doc map[string]any
		if err := bson.Unmarshal(found.Current, &doc); err != nil {
			return fmt.Errorf("read the collection: %w", err)
		}
		if err := to.Encode(doc); err != nil {
			return fmt.Errorf("read the collection: %w", err)
		}
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("read the collection: %w", err)
	}
	return os.WriteFile(path, text.Bytes(), 0o600)
}
