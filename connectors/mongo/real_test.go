package mongo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/onstream/onstream/plugins"
)

// tellsChanges reports whether a real server has change streams.
func tellsChanges(t *testing.T, c *driver.Collection) bool {
	t.Helper()
	stream, err := c.Watch(t.Context(), driver.Pipeline{})
	if err != nil {
		return false
	}
	return stream.Close(t.Context()) == nil
}

// What a real server has, a snapshot and the changes behind it bring; one without change streams is told apart, and what to
// do about it is said.
func TestRealSnapshotThenChanges(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	c := db.Collection("docs")
	ids := []any{nil, -1, 2.5, int64(1) << 60, "", "x", doc("a", 1), bson.Binary{Data: []byte{1}}, bson.ObjectID{1}, false, true, bson.DateTime(5)}
	for i, id := range ids {
		insert(t, c, doc("_id", id, "n", i))
	}
	conn, said := dial(t, uri, nil)
	o := &taker{}
	r := run(t, sourceOf(t, conn, said, map[string]any{"collection": "docs", "mode": "snapshot", "batch_size": int64(5)}), o)
	if !tellsChanges(t, c) {
		r.permanently(t, "offers no change streams", "make it a replica set", `mode = "poll"`)
		t.Skip("this MongoDB has no change streams, and says so as it should: what they bring is tested with a stand-in alone; set MONGODB_URI to a replica set")
	}
	o.hasRecords(t, len(ids))
	for i := range ids {
		if want := fmt.Sprintf(`"n":%d}}`, i); !strings.HasSuffix(o.records[i], want) {
			t.Errorf("record %d is %s", i, o.records[i])
		}
	}
	insert(t, c, doc("_id", "new"))
	if _, err := c.UpdateByID(t.Context(), "new", doc("$set", doc("v", 1))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteOne(t.Context(), doc("_id", "new")); err != nil {
		t.Fatal(err)
	}
	o.hasRecords(t, len(ids)+3)
	for i, want := range []string{"insert", "update", "delete"} {
		if !strings.HasPrefix(o.records[len(ids)+i], `{"operation":"`+want) {
			t.Error(o.records[len(ids)+i])
		}
	}
}

// finderOf makes a look-up over a connection.
func finderOf(t testing.TB, c plugins.Connection, values map[string]any) plugins.Lookup {
	t.Helper()
	kind, _ := registry(t).Lookup("mongo")
	l, err := kind.New(block(kind.Schema, values), withConnection(c))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// find looks keys up, and returns what was found, "" for nothing.
func find(t testing.TB, l plugins.Lookup, keys ...plugins.Value) []string {
	t.Helper()
	all := make([]string, len(keys))
	if err := l.Find(t.Context(), keys, func(i int, record []byte) {
		if all[i] != "" {
			t.Errorf("key %d was found twice", i)
		}
		all[i] = string(record)
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func text(s string) plugins.Value     { return plugins.Value{Kind: plugins.String, Text: s} }
func number(n int64) plugins.Value    { return plugins.Value{Kind: plugins.Int, Int: n} }
func float(f float64) plugins.Value   { return plugins.Value{Kind: plugins.Float, Float: f} }
func at(when time.Time) plugins.Value { return plugins.Value{Kind: plugins.Time, Int: when.UnixNano()} }

func TestLookUpComparesKeysWithTheirType(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	when := time.Date(2026, 1, 31, 8, 0, 0, 5e6, time.UTC)
	half, _ := bson.ParseDecimal128("0.5")
	large := int64(1)<<53 + 1
	insert(t, db.Collection("docs"),
		doc("_id", 7, "is", "int"), doc("_id", "7", "is", "text"), doc("_id", large, "is", "large"), doc("_id", large-1, "is", "less"),
		doc("_id", half, "is", "half"), doc("_id", true, "is", "true"), doc("_id", when, "is", "date"), doc("_id", bson.Binary{Data: []byte("b")}, "is", "bytes"))
	conn, _ := dial(t, uri, nil)
	got := find(t, finderOf(t, conn, map[string]any{"collection": "docs", "fields": []string{"is"}}),
		number(7), float(7), text("7"), number(large), number(large-1), float(0.5), plugins.Value{Kind: plugins.Bool, Int: 1}, at(when), at(when.Add(1)),
		plugins.Value{Kind: plugins.Bytes, Text: "b"}, text("none"), plugins.Value{Kind: plugins.Null}, number(7))
	for i, want := range []string{"int", "int", "text", "large", "less", "half", "true", "date", "", "bytes", "", "", "int"} {
		if (want == "") != (got[i] == "") || !strings.Contains(got[i], `"is":"`+want) && want != "" {
			t.Errorf("key %d: %q, want %s", i, got[i], want)
		}
	}
}

func TestLookUpByAField(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	id := bson.NewObjectID()
	insert(t, db.Collection("docs"), doc("_id", 2, "in", doc("key", "a"), "n", 2), doc("_id", 1, "in", doc("key", "a"), "n", 1), doc("_id", 3, "in", doc("key", id), "n", 3))
	conn, _ := dial(t, uri, nil)
	got := find(t, finderOf(t, conn, map[string]any{"collection": "docs", "id": "in.key", "fields": []string{"n"}}), text("a"), text("b"), text(id.Hex()))
	if want := []string{`{"in":{"key":"a"},"n":1}`, "", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q: of several the first", got, want)
	}
	l := finderOf(t, conn, map[string]any{"collection": "docs", "id": "in.key", "id_type": "objectid"})
	if got := find(t, l, text(id.Hex()), text("a")); !strings.Contains(got[0], `"n":3`) || got[1] != "" {
		t.Errorf("%q", got)
	}
}

func TestLookUpOfMany(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	var docs []any
	var keys []plugins.Value
	for i := range 3000 {
		docs = append(docs, doc("_id", i, "v", i*i))
		keys = append(keys, number(int64(i)), number(int64(-i-1)))
	}
	insert(t, db.Collection("docs"), docs...)
	conn, _ := dial(t, uri, nil)
	l := finderOf(t, conn, map[string]any{"collection": "docs"})
	done := make(chan []string, 4)
	for range cap(done) {
		go func() { done <- find(t, l, keys...) }()
	}
	for range cap(done) {
		got := <-done
		for i := range 3000 {
			if want := fmt.Sprintf(`{"_id":%d,"v":%d}`, i, i*i); got[2*i] != want || got[2*i+1] != "" {
				t.Fatalf("%d: %s, %s", i, got[2*i], got[2*i+1])
			}
		}
	}
}
