package mongo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// said is an expression that is a field of the record, or, without one, the same text for all.
type said struct{ field, text string }

func (said) Type() plugins.Type                      { return plugins.Of(plugins.String) }
func (said) Reads() []plugins.Field                  { return nil }
func (said) Evaluator(plugins.Env) plugins.Evaluator { return nil }
func (s said) String() string                        { return s.field + s.text }
func (said) Range() string                           { return "" }
func (s said) Field() (plugins.Path, bool)           { return s.field, s.field != "" }
func (s said) Constant() (plugins.Value, bool) {
	return plugins.Value{Kind: plugins.String, Text: s.text}, s.field == ""
}

var (
	_ plugins.Constant  = said{}
	_ plugins.Reference = said{}
)

// fields is an id of fields.
func fields(names ...string) []plugins.NamedExpr {
	all := make([]plugins.NamedExpr, len(names))
	for i, n := range names {
		all[i] = plugins.NamedExpr{Name: n, Expr: said{field: n}}
	}
	return all
}

// named is an object of expressions.
func named(names ...string) []plugins.NamedExpr { return fields(names...) }

// sinkConfig is a sink to the collection docs.
func sinkConfig(t testing.TB, values map[string]any, blocks ...plugins.ConfigBlock) plugins.Config {
	t.Helper()
	kind, _ := registry(t).Sink("mongo")
	all := map[string]any{"collection": said{text: "docs"}}
	for name, v := range values {
		all[name] = v
	}
	return bustest.Block(kind.Schema, all, blocks...).WithPayload(plugins.Shape{Format: "json"})
}

func nested(t testing.TB, name string, values map[string]any) plugins.ConfigBlock {
	t.Helper()
	kind, _ := registry(t).Sink("mongo")
	return bustest.Nested(kind.Schema, name, values)
}

// sinkOf makes a sink over a connection, and opens it.
func sinkOf(t testing.TB, c plugins.Connection, values map[string]any, blocks ...plugins.ConfigBlock) plugins.Sink {
	t.Helper()
	s := unopened(t, c, values, blocks...)
	if err := s.(plugins.Opener).Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func unopened(t testing.TB, c plugins.Connection, values map[string]any, blocks ...plugins.ConfigBlock) plugins.Sink {
	t.Helper()
	kind, _ := registry(t).Sink("mongo")
	config := sinkConfig(t, values, blocks...)
	if err := kind.Check(config); err != nil {
		t.Fatal(err)
	}
	s, err := kind.New(config, withConnection(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.(plugins.Closer).Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// documents returns what is in a collection, in the order of _id, without the _id of those that have an ObjectId.
func documents(t testing.TB, c *driver.Collection) []string {
	t.Helper()
	found, err := c.Find(t.Context(), bson.D{}, options.Find().SetSort(doc("_id", 1)))
	if err != nil {
		t.Fatal(err)
	}
	var all []bson.D
	if err := found.All(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	texts := []string{}
	for _, d := range all {
		if _, made := d[0].Value.(bson.ObjectID); made && d[0].Key == "_id" {
			d = d[1:]
		}
		b, err := bson.MarshalExtJSON(d, false, false)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
	}
	return texts
}

func holds(t testing.TB, c *driver.Collection, want ...string) {
	t.Helper()
	if got := documents(t, c); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("there is\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// refusedRows checks that a sink has refused rows, and no others, and said why.
func refusedRows(t testing.TB, err error, why map[uint32]string) {
	t.Helper()
	var rows plugins.RowErrors
	if !errors.As(err, &rows) && len(why) > 0 {
		t.Fatalf("no record was refused: %v", err)
	}
	seen := map[uint32]bool{}
	for _, f := range rows {
		want, ok := why[f.Row]
		if !ok || seen[f.Row] || !strings.Contains(f.Code+": "+f.Msg, want) {
			t.Errorf("row %d: %s: %s\nwanted %q", f.Row, f.Code, f.Msg, want)
		}
		seen[f.Row] = true
	}
	if len(seen) != len(why) {
		t.Errorf("%d rows were refused, and not %d: %v", len(seen), len(why), rows)
	}
}

func TestInsert(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, _ := dial(t, uri, nil)
	for _, ordered := range []bool{true, false} {
		t.Run(fmt.Sprint("ordered ", ordered), func(t *testing.T) {
			c := db.Collection(fmt.Sprint("docs_", ordered))
			s := sinkOf(t, conn, map[string]any{"ordered": ordered, "collection": said{text: c.Name()}})
			err := bustest.Give(t, s, `{"_id":1,"v":"a"}`, `{"_id":1,"v":"b"}`, `{"v":{"$gt":1.0},"a":[1,{"$inc":2}]}`, `{"$set":{"v":1}}`, `{"_id":2,"x":1,"x":2}`, `{"_id":[1]}`, `{"_id":3}`)
			refusedRows(t, err, map[uint32]string{
				1: "duplicate_key: a document with that key is there already:", 3: `document: the field "$set" has a name that MongoDB would take for an operator`,
				4: `document: the field "x" is in the object twice`, 5: `document: the field "_id" is a list`,
			})
			holds(t, c, `{"_id":1,"v":"a"}`, `{"_id":3}`, `{"v":{"$gt":1.0},"a":[1,{"$inc":2}]}`)
		})
	}
}

func TestUpsert(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, _ := dial(t, uri, nil)
	c := db.Collection("docs")
	for _, ordered := range []bool{true, false} {
		s := sinkOf(t, conn, map[string]any{"id": fields("d", "in/t"), "ordered": ordered})
		for range 2 { // what comes again is the same
			err := bustest.Give(t, s, `{"d":"a","in":{"t":1},"v":1}`, `{"d":"b","in":{"t":1},"v":2}`, `{"d":"a","in":{"t":1},"v":3}`, `{"d":"a"}`, `{"d":null,"in":{"t":1}}`, `{"d":[1],"in":{"t":1}}`, `{"d":"c","in":{"t":1},"_id":5}`)
			refusedRows(t, err, map[uint32]string{3: `id: the id: "t" is not in the record`, 4: `id: the id: "d" is null`, 5: `id: the id: "d" is a list`, 6: `"_id" is in the record, and id says that it is something else`})
		}
		holds(t, c, `{"_id":{"d":"a","t":1},"d":"a","in":{"t":1},"v":3}`, `{"_id":{"d":"b","t":1},"d":"b","in":{"t":1},"v":2}`)
	}
}

func TestValuesAreNoOperators(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, _ := dial(t, uri, nil)
	c := db.Collection("docs")
	insert(t, c, doc("_id", "there", "k", "x"))
	for mode, more := range map[string]map[string]any{"upsert": {"mode": "upsert"}, "update": {"mode": "update"}} {
		more["id"] = fields("_id")
		s := sinkOf(t, conn, more)
		err := bustest.Give(t, s, `{"_id":{"$gt":""},"k":"changed"}`, `{"_id":"there","$set":{"k":"changed"}}`, `{"_id":{"$ne":1},"k":"changed"}`)
		var rows plugins.RowErrors
		if mode == "upsert" && (!errors.As(err, &rows) || len(rows) == 0) {
			t.Errorf("%s: %v", mode, err)
		}
		if got := documents(t, c); !strings.Contains(strings.Join(got, "\n"), `{"_id":"there","k":"x"}`) {
			t.Errorf("%s has changed the document of somebody else: %s", mode, got)
		}
	}
	s := sinkOf(t, conn, map[string]any{"mode": "update", "id": fields("_id")})
	refusedRows(t, bustest.Give(t, s, `{"_id":"there","k.x":1}`, `{"_id":"there"}`, `{"_id":"there","n":1}`), map[uint32]string{0: `the field "k.x" has a dot in its name`, 1: "has no field to set"})
	if got := documents(t, c); !strings.Contains(strings.Join(got, "\n"), `{"_id":"there","k":"x","n":1}`) {
		t.Error(got)
	}
}

// The engine makes of expressions what an update and the id are of: under the names that the kind gives.
func TestUpdateBlock(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, _ := dial(t, uri, nil)
	c := db.Collection("docs")
	block := nested(t, "update", map[string]any{
		"set": named("in.at", "o"), "set_on_insert": named("first"), "inc": named("n"), "max": named("top"), "min": named("low"),
		"push": named("all"), "add_to_set": named("kinds"), "unset": []string{"old"},
	})
	s := sinkOf(t, conn, map[string]any{"mode": "upsert", "id": fields("d"), "types": map[string]string{"in.at": "date"}}, block)
	kind, _ := registry(t).Sink("mongo")
	names := ""
	for _, x := range kind.BodyExprs(sinkConfig(t, map[string]any{"mode": "upsert", "id": fields("d")}, block)) {
		names += x.Name + " "
	}
	if want := "id.0 set.in.at set.o set_on_insert.first inc.n min.low max.top push.all add_to_set.kinds "; names != want {
		t.Errorf("what is encoded is %q, not %q", names, want)
	}
	record := func(n int) string {
		return fmt.Sprintf(`{"id.0":"a","set.in.at":"2026-01-31T08:00:00Z","set.o":{"$gt":1.0},"set_on_insert.first":%d,"inc.n":%d,"min.low":%d,"max.top":%d,"push.all":{"$each":[%d]},"add_to_set.kinds":{"k":1}}`, n, n, n, n, n)
	}
	insert(t, c, doc("_id", "b", "old", 1))
	// The refused one is the last: mongo-java-server goes on behind it, where MongoDB stops and is sent the others again.
	refusedRows(t, bustest.Give(t, s, record(3), record(4), strings.Replace(record(1), `"inc.n":1`, `"inc.n":"x"`, 1)), map[uint32]string{2: "write: the server has refused it"})
	if got := strings.Join(documents(t, c), "\n"); !strings.Contains(got, `"in":{"at":{"$date":"2026-01-31T08:00:00Z"}}`) || !strings.Contains(got, `"n":7`) || !strings.Contains(got, `"first":3`) ||
		!strings.Contains(got, `"low":3`) || !strings.Contains(got, `"top":4`) || !strings.Contains(got, `"kinds":[{"k":1}]`) || !strings.Contains(got, `"o":{"$gt":1.0}`) || !strings.Contains(got, `"all":[{"$each":[3]},{"$each":[4]}]`) {
		t.Error(got)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, _ := dial(t, uri, nil)
	c := db.Collection("docs")
	insert(t, c, doc("_id", 1), doc("_id", 2), doc("_id", "1"))
	s := sinkOf(t, conn, map[string]any{"mode": "delete", "id": fields("_id")})
	refusedRows(t, bustest.Give(t, s, `{"id.0":1}`, `{"id.0":7}`, `{"id.0":{"$gt":0}}`, `{}`), map[uint32]string{3: "is not in the record"})
	holds(t, c, `{"_id":2}`, `{"_id":"1"}`)
}

func TestIDAsFields(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, _ := dial(t, uri, nil)
	c := db.Collection("docs")
	s := sinkOf(t, conn, map[string]any{"id": fields("a/b", "c"), "id_as": "fields"}, nested(t, "create", map[string]any{"index": true}))
	for range 2 {
		if err := bustest.Give(t, s, `{"a":{"b":1},"c":"x","v":1}`, `{"a":{"b":1},"c":"y"}`, `{"a":{"b":1},"c":"x","v":2}`); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := c.CountDocuments(t.Context(), bson.D{}); err != nil || n != 2 {
		t.Errorf("%d documents (%v), not 2: %s", n, err, documents(t, c))
	}
}

// A document that is too large is refused alone.
func TestDocumentOver16MB(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, _ := dial(t, uri, nil)
	for _, mode := range []string{"insert", "upsert"} {
		values := map[string]any{"mode": mode, "collection": said{text: mode}}
		if mode == "upsert" {
			values["id"] = fields("_id")
		}
		s := sinkOf(t, conn, values)
		large := func(id, size int) string { return fmt.Sprintf(`{"_id":%d,"v":"%s"}`, id, strings.Repeat("x", size)) }
		err := bustest.Give(t, s, large(1, 10), large(2, 16<<20), large(3, 10))
		refusedRows(t, err, map[uint32]string{1: "too_large: the document has 167772"})
		if n, err := db.Collection(mode).CountDocuments(t.Context(), bson.D{}); err != nil || n != 2 {
			t.Errorf("%s: %d documents (%v)", mode, n, err)
		}
	}
}

func TestCollectionOfEachRecord(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, _ := dial(t, uri, nil)
	s := sinkOf(t, conn, map[string]any{"collection": said{field: "c"}})
	b := bustest.Batch(bustest.Records(`{"_id":1}`, `{"_id":2}`, `{"_id":3}`, `{"_id":4}`)...)
	b.Topics = make([]plugins.Span, b.Len)
	for i, name := range []string{"a", "b", "$x", "a"} {
		b.Topics[i] = plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(name))}
		b.Data = append(b.Data, name...)
	}
	done := make(chan error, 1)
	if err := s.Write(t.Context(), b, func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		refusedRows(t, err, map[uint32]string{2: `"$x" is no name of a collection`})
	case <-time.After(patience):
		t.Fatal("no answer")
	}
	holds(t, db.Collection("a"), `{"_id":1}`, `{"_id":4}`)
	holds(t, db.Collection("b"), `{"_id":2}`)
}
