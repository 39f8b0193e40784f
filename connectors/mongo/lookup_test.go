package mongo_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/onstream/onstream/plugins"
)

// finding serves a peer whose collections are answered by a function.
func finding(t *testing.T, f func(c call) bson.D) plugins.Connection {
	p := newPeer(t, answers{"find": f})
	c, _ := dial(t, "mongodb://"+p.Addr+"/plant?replicaSet=rs0", map[string]any{"timeout": 2 * time.Second})
	return c
}

// Nothing that was not found is told as a failure, and no failure as nothing found.
func TestLookUpTellsFailuresFromNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer    bson.D
		permanent bool
		want      string
	}{
		"denied":  {failure(13, "Unauthorized", "not authorized on plant to execute command"), true, "grant the role"},
		"busy":    {failure(24, "LockTimeout", "no lock"), false, "no lock"},
		"hung up": {nil, false, "look up in plant.docs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := finderOf(t, finding(t, func(call) bson.D { return c.answer }), map[string]any{"collection": "docs"})
			err := l.Find(t.Context(), []plugins.Value{text("a")}, func(int, []byte) { t.Error("something was found") })
			if err == nil || plugins.IsPermanent(err) != c.permanent || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	l := finderOf(t, finding(t, func(call) bson.D { return page(true, 0, "plant.docs", nil) }), map[string]any{"collection": "docs"})
	if got := find(t, l, text("a")); got[0] != "" {
		t.Error(got)
	}
}

func TestLookUpWaitsNoLongerThanItsCaller(t *testing.T) {
	t.Parallel()
	l := finderOf(t, finding(t, func(c call) bson.D { <-c.ctx.Done(); return nil }), map[string]any{"collection": "docs"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := l.Find(ctx, []plugins.Value{text("a")}, func(int, []byte) {})
	if took := time.Since(began); err == nil || plugins.IsPermanent(err) || took > 5*time.Second {
		t.Errorf("%v, after %s", err, took)
	}
}

// A key is compared, whatever is in it: it is never an operator.
func TestLookUpKeysAreNoOperators(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	l := finderOf(t, finding(t, func(c call) bson.D {
		asked <- c.lookup("filter").String()
		return page(true, 0, "plant.docs", nil)
	}), map[string]any{"collection": "docs"})
	find(t, l, text(`{"$gt":""}`), text("$where"), plugins.Value{Kind: plugins.Record, Text: `{"$gt":""}`})
	if got := <-asked; got != `{"_id": {"$in": ["{\"$gt\":\"\"}","$where"]}}` {
		t.Error(got)
	}
	if got := find(t, l, plugins.Value{Kind: plugins.Record, Text: `{"$gt":""}`}); got[0] != "" || len(asked) > 0 {
		t.Errorf("a key that is a record was looked up: %s", got)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := registry(t)
	source, _ := r.Source("mongo")
	lookup, _ := r.Lookup("mongo")
	object := func(text string) plugins.Value { return plugins.Value{Kind: plugins.Record, Text: text} }
	for _, c := range []struct {
		values map[string]any
		want   string
	}{
		{map[string]any{"collection": "a$b"}, `collection: "a$b" is no name of a collection`},
		{map[string]any{"collection": "system.users"}, `is the server's own`},
		{map[string]any{"mode": "poll"}, `cursor: poll asks for what is behind the last value of a field: name one`},
		{map[string]any{"cursor": "at"}, `cursor: it is for mode = "poll"`},
		{map[string]any{"mode": "poll", "cursor": "a..b"}, `cursor: "a..b" is no path of a field`},
		{map[string]any{"mode": "poll", "cursor": "$where"}, `cursor: "$where" is no path of a field`},
		{map[string]any{"mode": "poll", "cursor": "at", "operations": []string{"insert"}}, `operations: poll sees documents and no operations`},
		{map[string]any{"mode": "snapshot", "start_at": "2026-01-31T08:00:00Z"}, `start_at: it is for mode = "changes"`},
		{map[string]any{"start_at": "yesterday"}, `start_at: "yesterday" is no time: write it like "2026-01-31T08:00:00Z"`},
		{map[string]any{"operations": []string{"upsert"}}, `operations: "upsert" is no change that is told: there are insert, update, replace, delete`},
		{map[string]any{"match": text("a")}, `match: write an object of fields and values`},
		{map[string]any{"match": object(`{"$where":"1"}`)}, `match: "$where" is no field: operators are not taken here`},
		{map[string]any{"match": object(`{"a":1}`), "full_document": "none"}, `match: an update has no document to match`},
	} {
		values := map[string]any{"collection": "docs"}
		for name, v := range c.values {
			values[name] = v
		}
		if err := source.Check(block(source.Schema, values)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v\nwant %s", c.values, err, c.want)
		}
	}
	for _, c := range []struct {
		values map[string]any
		want   string
	}{
		{map[string]any{"collection": ""}, "collection: a collection has a name"},
		{map[string]any{"collection": "docs", "id": "a.$b"}, `id: "a.$b" is no path`},
		{map[string]any{"collection": "docs", "fields": []string{""}}, `fields: "" is no path`},
		{map[string]any{"collection": "docs", "types": map[string]string{"a": "money"}}, `types: a has the type "money"`},
	} {
		if _, err := lookup.Type(block(lookup.Schema, c.values)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v\nwant %s", c.values, err, c.want)
		}
	}
}

// A position of something else is not taken for one of this.
func TestPositionsOfSomethingElse(t *testing.T) {
	t.Parallel()
	var h history
	p := h.serve(t)
	o := &taker{}
	s, _ := follow(t, p, nil)
	r := run(t, s, o)
	o.has(t, "a position", func() bool { return o.next != nil })
	r.end(t)
	for want, c := range map[string]struct {
		values   map[string]any
		position plugins.Position
	}{
		`the position is of mode = "changes", and mode is "poll" now: write what it was, or forget the position: onstream state reset STATE_DIR source.docs`: {map[string]any{"mode": "poll", "cursor": "at"}, o.next},
		"no position of a collection": {nil, plugins.Position("\x07nonsense")},
		"stored by a newer version":   {nil, o.next[:len(o.next)-3]},
	} {
		s, _ := follow(t, p, c.values)
		err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{o.part: c.position})
		if !plugins.IsPermanent(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
