package mongo_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
)

// collectionOf is a collection of a real server for a check, and a connection to it, with the block of its connector.
func collectionOf(t testing.TB) (*driver.Collection, plugins.Connection, func(plugins.Config) plugins.Config) {
	t.Helper()
	uri, db := realURI(t)
	kind, _ := registry(t).Connector("mongo")
	config := plugintest.Configure(kind.Schema, map[string]any{"uri": plugins.NewSecret(uri), "server_selection_timeout": 3 * time.Second})
	made, err := kind.New(config, plugintest.Environment(plugins.Env{}))
	if err != nil {
		t.Fatal(err)
	}
	return db.Collection("docs"), made, func(c plugins.Config) plugins.Config { return c.WithConnector(kind, config) }
}

func TestSinkConforms(t *testing.T) {
	t.Parallel()
	kind, _ := registry(t).Sink("mongo")
	for name, values := range map[string]map[string]any{
		"insert":    {},
		"upsert":    {"id": fields("n")},
		"unordered": {"id": fields("n"), "ordered": false},
		"small":     {"id": fields("n"), "max_records": int64(7)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plugintest.Sink(t, plugintest.SinkCase{
				Kind: kind, Records: 100, Unordered: values["ordered"] == false,
				Open: func(t testing.TB) plugintest.Target {
					c, conn, over := collectionOf(t)
					all := map[string]any{"collection": said{text: "docs"}}
					for n, v := range values {
						all[n] = v
					}
					return plugintest.Target{
						Config:  over(plugintest.Configure(kind.Schema, all).WithPayload(plugins.Shape{Format: "json"})),
						Env:     plugins.Env{Connection: conn},
						Read:    func() ([]string, error) { return recordsIn(c) },
						Refused: `{"$set":{"n":1}}`,
					}
				},
			})
		})
	}
}

// recordsIn returns what records were written to a collection, in the order of their numbers: that of documents says nothing.
func recordsIn(c *driver.Collection) ([]string, error) {
	found, err := c.Find(context.Background(), bson.D{}, options.Find().SetSort(doc("n", 1)))
	if err != nil {
		return nil, err
	}
	var docs []struct{ N int }
	if err := found.All(context.Background(), &docs); err != nil {
		return nil, err
	}
	var all []string
	for _, d := range docs {
		all = append(all, fmt.Sprintf(`{"n":%d}`, d.N))
	}
	return all, nil
}

func TestPollConforms(t *testing.T) {
	t.Parallel()
	kind, _ := registry(t).Source("mongo")
	plugintest.Source(t, plugintest.SourceCase{
		Kind: kind, Follows: true, Records: 60,
		Value: func(i int) string { return fmt.Sprintf(`{"_id":%d,"n":%d}`, i, i) },
		Open: func(t testing.TB) plugintest.Input {
			c, conn, over := collectionOf(t)
			return plugintest.Input{
				Config: over(plugintest.Configure(kind.Schema, map[string]any{"collection": "docs", "mode": "poll", "cursor": "n", "interval": 2 * time.Millisecond, "batch_size": int64(7)}).
					WithPayload(plugins.Shape{Format: "json"})),
				Env: plugins.Env{Connection: conn},
				Put: func(value string) error {
					var d bson.D
					if err := bson.UnmarshalExtJSON([]byte(value), false, &d); err != nil {
						return err
					}
					_, err := c.InsertOne(context.Background(), d)
					return err
				},
			}
		},
	})
}

func TestLookupConforms(t *testing.T) {
	t.Parallel()
	kind, _ := registry(t).Lookup("mongo")
	plugintest.Lookup(t, plugintest.LookupCase{Kind: kind, Open: func(t testing.TB) plugintest.Place {
		c, conn, over := collectionOf(t)
		p := plugintest.Place{
			Config:  over(plugintest.Configure(kind.Schema, map[string]any{"collection": "docs"})),
			Env:     plugins.Env{Connection: conn},
			Unknown: []plugins.Value{text("nobody"), {Kind: plugins.Int, Int: 7}},
		}
		var docs []any
		for i := range 50 {
			id := fmt.Sprint("d", i)
			p.Known = append(p.Known, plugintest.Entry{Key: text(id), Record: fmt.Sprintf(`{"_id":%q,"n":%d}`, id, i)})
			docs = append(docs, doc("_id", id, "n", i))
		}
		insert(t, c, slices.Clone(docs)...)
		return p
	}})
}
