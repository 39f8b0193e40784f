package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// The example writes each reading once, however often it runs, and what is known of each device.
func TestMongoHistory(t *testing.T) {
	t.Parallel()
	uri := os.Getenv("MONGODB_URI")
	if uri == "" {
		uri = "mongodb://" + server("ONSTREAM_TEST_MONGO")(t)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	db := client.Database("test_" + bson.NewObjectID().Hex())
	t.Cleanup(func() {
		if err := db.Drop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		_ = client.Disconnect(t.Context()) // the context of a test ends before
	})
	dir := workspace(t)
	main := filepath.Join(dir, "examples", "mongo-history", "main.hcl")
	write(t, main, replaced(t, read(t, main), "  uri = var.uri\n", "  uri      = var.uri\n  database = \""+db.Name()+"\"\n"))
	at, query, _ := strings.Cut(uri, "?")
	if hosts := strings.SplitN(at, "/", 4); len(hosts) == 4 { // the database is the test's
		at = strings.Join(hosts[:3], "/")
	}
	if query != "" {
		at += "/?" + query
	}
	for range 2 {
		cmd, stdout, stderr := binary(t, dir, "run", "--var", "uri="+at, "examples/mongo-history")
		if err := cmd.Run(); err != nil || stdout.Len() > 0 {
			t.Fatalf("%v: %s%s", err, stdout, stderr)
		}
		holds := func(collection, want string) {
			t.Helper()
			found, err := db.Collection(collection).Find(t.Context(), bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
			if err != nil {
				t.Fatal(err)
			}
			var docs []bson.D
			if err := found.All(t.Context(), &docs); err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, d := range docs {
				text, err := bson.MarshalExtJSON(d, false, false)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, string(text))
			}
			if got := strings.Join(texts, "\n"); got != want {
				t.Errorf("%s is\n%s\nand not\n%s", collection, got, want)
			}
		}
		holds("readings", `{"_id":{"device":"d1","ts":{"$date":"2026-01-05T06:00:00Z"}},"device":"d1","temp_c":80.5,"ts":{"$date":"2026-01-05T06:00:00Z"}}
{"_id":{"device":"d1","ts":{"$date":"2026-01-05T06:00:20Z"}},"device":"d1","temp_c":74.5,"ts":{"$date":"2026-01-05T06:00:20Z"}}
{"_id":{"device":"d2","ts":{"$date":"2026-01-05T06:00:10Z"}},"device":"d2","temp_c":61.0,"ts":{"$date":"2026-01-05T06:00:10Z"}}`)
		holds("devices", `{"_id":"d1","seen":{"$date":"2026-01-05T06:00:20Z"},"temp_c":74.5,"peak_c":80.5}
{"_id":"d2","seen":{"$date":"2026-01-05T06:00:10Z"},"temp_c":61.0,"peak_c":61.0}`)
	}
}
