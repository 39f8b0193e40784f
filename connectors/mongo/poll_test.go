package mongo_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestPollReadsBehindTheCursor(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	c := db.Collection("docs")
	insert(t, c, doc("_id", 1, "seq", 10), doc("_id", 2, "seq", 10.5), doc("_id", 3, "seq", int64(11)), doc("_id", 4))
	conn, said := dial(t, uri, nil)
	values := map[string]any{"collection": "docs", "mode": "poll", "cursor": "seq", "interval": 5 * time.Millisecond}
	o := &taker{}
	r := run(t, sourceOf(t, conn, said, values), o)
	o.hasRecords(t, 3)
	insert(t, c, doc("_id", 5, "seq", 12, "in", doc("a", "x")))
	o.hasRecords(t, 4)
	r.end(t)
	// Another one goes on behind it, and one without the field is read when it has it.
	if _, err := c.UpdateByID(t.Context(), 4, doc("$set", doc("seq", 13))); err != nil {
		t.Fatal(err)
	}
	run(t, sourceOf(t, conn, said, values), o)
	o.hasRecords(t, 5)
	want := []string{`{"_id":1,"seq":10}`, `{"_id":2,"seq":10.5}`, `{"_id":3,"seq":11}`, `{"_id":5,"seq":12,"in":{"a":"x"}}`, `{"_id":4,"seq":13}`}
	if !slices.Equal(o.records, want) || !slices.Equal(o.keys, []string{"1", "2", "3", "5", "4"}) {
		t.Errorf("%s\n%s", strings.Join(o.records, "\n"), o.keys)
	}
}

// Equal cursors in pages of one, with a new source for each: every document once.
func TestPollNeitherSkipsNorRepeatsEqualCursors(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	c := db.Collection("docs")
	var want []string
	at := time.Date(2026, 1, 31, 8, 0, 0, 5e6, time.UTC)
	ids := []any{3, 5.5, int64(1) << 60, "", "a", doc("a", 1), bson.Binary{Data: []byte{1}}, bson.ObjectID{1}, false, true, bson.NewDateTimeFromTime(at)}
	for i, id := range ids {
		insert(t, c, doc("_id", id, "at", at, "n", i))
		want = append(want, fmt.Sprintf(`"n":%d}`, i))
	}
	insert(t, c, doc("_id", 100, "at", at.Add(time.Millisecond), "n", len(ids)))
	want = append(want, fmt.Sprintf(`"n":%d}`, len(ids)))
	conn, said := dial(t, uri, nil)
	o := &taker{}
	for range want {
		o.most = o.handed + 1
		r := run(t, sourceOf(t, conn, said, map[string]any{"collection": "docs", "mode": "poll", "cursor": "at", "interval": time.Millisecond, "batch_size": int64(1)}), o)
		o.hasRecords(t, o.most)
		r.end(t)
	}
	for i, w := range want {
		if i >= len(o.records) || !strings.HasSuffix(o.records[i], w) {
			t.Fatalf("%s\nis not in the order %s", strings.Join(o.records, "\n"), want)
		}
	}
}

func TestPollWhileOthersWrite(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	c := db.Collection("docs")
	const n = 400
	writing := make(chan error, 1)
	go func() {
		for i := range n {
			if _, err := c.InsertOne(t.Context(), doc("_id", i, "seq", i/7)); err != nil { // many have the same
				writing <- err
				return
			}
		}
		writing <- nil
	}()
	conn, said := dial(t, uri, nil)
	o := &taker{}
	values := map[string]any{"collection": "docs", "mode": "poll", "cursor": "seq", "interval": time.Millisecond, "batch_size": int64(5)}
	for stops := 20; len(o.records) < n; stops += 20 { // it is stopped in between, and goes on
		o.most = stops
		r := run(t, sourceOf(t, conn, said, values), o)
		o.has(t, "so many deliveries", func() bool { return o.handed >= stops || len(o.records) >= n })
		r.end(t)
	}
	if err := <-writing; err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if want := fmt.Sprintf(`{"_id":%d,"seq":%d}`, i, i/7); o.records[i] != want {
			t.Fatalf("record %d is %s, want %s", i, o.records[i], want)
		}
	}
	if len(o.records) != n {
		t.Errorf("%d records", len(o.records))
	}
}

func TestPollRefusesWhatHasNoOrder(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	conn, said := dial(t, uri, nil)
	for name, c := range map[string]struct {
		docs []any
		want string
	}{
		"mixed": {[]any{doc("_id", 1, "at", 5), doc("_id", 2, "at", "x")}, "is a number in some documents and a string in others"},
		"array": {[]any{doc("_id", 1, "at", bson.A{1, 2})}, "the cursor at of the document 1 is an array"},
		"bool":  {[]any{doc("_id", "d-1", "at", true)}, "the cursor at of the document d-1 is a bool"},
		"nan":   {[]any{doc("_id", 1, "at", 5), doc("_id", 2, "at", math.NaN())}, "the document 2 is NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			coll := db.Collection(name)
			insert(t, coll, c.docs...)
			run(t, sourceOf(t, conn, said, map[string]any{"collection": name, "mode": "poll", "cursor": "at"}), &taker{}).permanently(t, c.want)
		})
	}
}

func TestPollLeavesWhatHasNotSettled(t *testing.T) {
	t.Parallel()
	uri, db := realURI(t)
	c := db.Collection("docs")
	insert(t, c, doc("_id", 1, "at", time.Now().Add(-time.Hour)), doc("_id", 2, "at", time.Now().Add(time.Hour)))
	conn, said := dial(t, uri, nil)
	o := &taker{}
	values := map[string]any{"collection": "docs", "mode": "poll", "cursor": "at", "interval": time.Millisecond, "settle": time.Minute}
	r := run(t, sourceOf(t, conn, said, values), o)
	o.hasRecords(t, 1)
	insert(t, c, doc("_id", 3, "at", time.Now().Add(-30*time.Minute)))
	o.hasRecords(t, 2)
	r.end(t)
	if !slices.Equal(o.keys, []string{"1", "3"}) {
		t.Error(o.keys)
	}
	insert(t, db.Collection("text"), doc("_id", 1, "at", "2026"))
	values["collection"] = "text"
	run(t, sourceOf(t, conn, said, values), &taker{}).permanently(t, "the cursor at is a string, and settle is for dates")
}
