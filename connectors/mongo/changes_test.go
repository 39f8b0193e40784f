package mongo_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// follow makes a source of a history.
func follow(t testing.TB, p *peer, values map[string]any) (plugins.Source, *logged) {
	t.Helper()
	conn, said := dial(t, "mongodb://"+p.Addr+"/plant?replicaSet=rs0", map[string]any{"timeout": 2 * time.Second})
	all := map[string]any{"collection": "docs"}
	maps.Copy(all, values)
	return sourceOf(t, conn, said, all), said
}

func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	var h history
	p := h.serve(t)
	h.put(1, 1) // before anybody follows
	s, _ := follow(t, p, nil)
	o := &taker{}
	run(t, s, o)
	o.has(t, "a position without records", func() bool { return o.next != nil })
	h.put(2, 1)
	h.put(2, 2)
	h.happen("replace", 2, bson.E{Key: "fullDocument", Value: doc("_id", 2, "w", bson.NewObjectID())}, bson.E{Key: "wallTime", Value: time.Date(2026, 1, 31, 8, 0, 0, 5e6, time.UTC)})
	h.happen("update", 2, bson.E{Key: "fullDocument", Value: nil}, bson.E{Key: "updateDescription", Value: doc("updatedFields", doc("a.b", 1.5), "removedFields", bson.A{"w"}, "truncatedArrays", bson.A{doc("field", "l", "newSize", 3)})})
	h.remove(2)
	o.hasRecords(t, 5)
	for i, want := range []string{
		`{"operation":"insert","id":2,"document":{"_id":2,"v":1},"time":"1970-01-01T00:16:42Z"}`,
		`{"operation":"update","id":2,"document":{"_id":2,"v":2},"updated":{"v":2},"removed":[],"time":"1970-01-01T00:16:43Z"}`,
		``,
		`{"operation":"update","id":2,"document":null,"updated":{"a.b":1.5},"removed":["w"],"truncated":[{"field":"l","newSize":3}],"time":"1970-01-01T00:16:45Z"}`,
		`{"operation":"delete","id":2,"time":"1970-01-01T00:16:46Z"}`,
	} {
		if want != "" && o.records[i] != want {
			t.Errorf("%s\nwant %s", o.records[i], want)
		}
		if !json.Valid([]byte(o.records[i])) || o.keys[i] != "2" {
			t.Errorf("%s has the key %s", o.records[i], o.keys[i])
		}
	}
	if !strings.HasSuffix(o.records[2], `"time":"2026-01-31T08:00:00.005Z"}`) {
		t.Error(o.records[2])
	}
}

func TestChangesThatAreNotAskedForAreNotTold(t *testing.T) {
	t.Parallel()
	var h history
	s, _ := follow(t, h.serve(t), map[string]any{"operations": []string{"delete"}})
	o := &taker{}
	run(t, s, o)
	o.has(t, "a position", func() bool { return o.next != nil })
	h.put(1, 1)
	h.remove(1)
	o.hasRecords(t, 1)
	if !strings.HasPrefix(o.records[0], `{"operation":"delete","id":1`) {
		t.Error(o.records)
	}
}

// What is written while nobody follows is told later, even where nothing was told before.
func TestChangesGoOnWhereTheyStood(t *testing.T) {
	t.Parallel()
	var h history
	p := h.serve(t)
	o := &taker{}
	s, _ := follow(t, p, nil)
	r := run(t, s, o)
	o.has(t, "a position", func() bool { return o.next != nil })
	r.end(t)
	for id := range 10 {
		h.put(id, 1)
	}
	for most := 1; most <= 10; most++ {
		o.most = most
		s, _ := follow(t, p, map[string]any{"batch_size": int64(1)})
		r := run(t, s, o)
		o.hasRecords(t, most)
		r.end(t)
	}
	if want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; !slices.Equal(o.keys, want) {
		t.Error(o.keys)
	}
}

func TestChangesSurviveWhatPasses(t *testing.T) {
	t.Parallel()
	var h history
	p := h.serve(t)
	s, said := follow(t, p, nil)
	o := &taker{}
	run(t, s, o)
	o.has(t, "a position", func() bool { return o.next != nil })
	n := 0
	for name, break_ := range map[string]func(){
		"resumable": func() {
			h.once("getMore", failure(189, "PrimarySteppedDown", "stepped down", "ResumableChangeStreamError"))
		},
		"not primary": func() {
			h.once("getMore", failure(10107, "NotWritablePrimary", "not primary", "ResumableChangeStreamError"))
		},
		"no label":    func() { h.once("getMore", failure(11600, "InterruptedAtShutdown", "shuts down")) },
		"hung up":     func() { h.once("getMore", nil) },
		"at opening":  func() { h.once("getMore", nil); p.cut() },
		"cursor gone": func() { h.mu.Lock(); clear(h.cursors); h.mu.Unlock() },
		"cut":         p.cut,
	} {
		break_()
		for range 3 {
			h.put(n, 1)
			n++
		}
		o.has(t, name+" survived", func() bool { return len(o.records) >= n })
	}
	for i, r := range o.records {
		if want := doc("id", i); !strings.Contains(r, `"id":`+toText(want[0].Value)+`,`) {
			t.Fatalf("record %d is %s", i, r)
		}
	}
	if len(o.records) != n {
		t.Errorf("%d records for %d\n%s", len(o.records), n, said)
	}
}

func toText(v any) string {
	text, _ := json.Marshal(v) // of an integer
	return string(text)
}

func TestLostPositionStopsAndSkipsNothing(t *testing.T) {
	t.Parallel()
	var h history
	p := h.serve(t)
	h.put(1, 1)
	s, _ := follow(t, p, nil)
	o := &taker{}
	r := run(t, s, o)
	o.has(t, "a position", func() bool { return o.next != nil })
	r.end(t)
	h.put(2, 1)
	h.forget()
	h.put(3, 1)
	s, _ = follow(t, p, nil)
	run(t, s, o).permanently(t, "follow the changes of plant.docs", "ChangeStreamHistoryLost", "none is skipped",
		"forget the position with onstream state reset STATE_DIR source.docs", `mode = "snapshot"`)
	if len(o.records) > 0 {
		t.Errorf("it went on: %s", o.records)
	}
}

func TestServerWithoutChangeStreamsIsTold(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"changes", "snapshot"} {
		var h history
		p := h.serve(t)
		h.failing(func(c call) (bson.D, bool) {
			return failure(40573, "Location40573", "The $changeStream stage is only supported on replica sets"), c.Name == "aggregate"
		})
		s, _ := follow(t, p, map[string]any{"mode": mode})
		run(t, s, &taker{}).permanently(t, "only supported on replica sets", "offers no change streams", "make it a replica set", `mode = "poll"`)
	}
}

func TestDroppedCollectionStopsTheSource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		operation string
		more      []bson.E
		want      string
	}{
		{"drop", nil, "the collection plant.docs was dropped: no change of it comes any more"},
		{"rename", []bson.E{{Key: "to", Value: doc("db", "plant", "coll", "old")}}, "the collection plant.docs was renamed to plant.old"},
		{"dropDatabase", nil, "was dropped with its database"},
	} {
		var h history
		s, _ := follow(t, h.serve(t), nil)
		o := &taker{}
		r := run(t, s, o)
		o.has(t, "a position", func() bool { return o.next != nil })
		h.put(1, 1)
		h.happen(c.operation, 0, c.more...)
		h.happen("invalidate", 0)
		r.permanently(t, c.want, `on_drop = "continue"`)
		if len(o.records) != 1 {
			t.Errorf("what came before: %s", o.records)
		}
	}
}

func TestDroppedCollectionIsFollowedByTheNext(t *testing.T) {
	t.Parallel()
	var h history
	s, said := follow(t, h.serve(t), map[string]any{"on_drop": "continue"})
	o := &taker{}
	run(t, s, o)
	o.has(t, "a position", func() bool { return o.next != nil })
	h.put(1, 1)
	h.happen("drop", 0)
	h.happen("invalidate", 0)
	h.put(2, 1)
	o.hasRecords(t, 2)
	h.put(3, 1)
	o.hasRecords(t, 3)
	if !slices.Equal(o.keys, []string{"1", "2", "3"}) || strings.Count(said.String(), "the collection was dropped") != 1 {
		t.Errorf("%s\n%s", o.keys, said)
	}
}

func TestPositionMovesOnWithoutRecords(t *testing.T) {
	t.Parallel()
	var h history
	s, _ := follow(t, h.serve(t), map[string]any{"mode": "snapshot"})
	o := &taker{}
	run(t, s, o)
	// At the beginning of the snapshot, and at its end.
	first := plugins.Position(nil)
	o.has(t, "two positions", func() bool {
		if first == nil {
			first = o.next
		}
		return first != nil && string(o.next) != string(first) || strings.Contains(string(o.next), "changes")
	})
}

func TestStopIsQuick(t *testing.T) {
	t.Parallel()
	var h history
	p := h.serve(t)
	h.failing(func(c call) (bson.D, bool) { // a server that stands still
		if c.Name == "getMore" {
			<-c.ctx.Done()
		}
		return nil, c.Name == "getMore"
	})
	s, _ := follow(t, p, nil)
	o := &taker{}
	r := run(t, s, o)
	o.has(t, "a position", func() bool { return o.next != nil })
	began := time.Now()
	r.end(t)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

// Whatever is written while, before and after documents are read, and however often the source is stopped: what the records
// make of the collection is the collection, and no change is missed.
func TestSnapshotThenChangesMissNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var h history
		p := h.serve(t)
		defer p.cut()
		const ids = 12
		write := func(n int) {
			for range n {
				id := rapid.IntRange(1, ids).Draw(rt, "id")
				if rapid.IntRange(0, 4).Draw(rt, "delete") == 0 {
					h.remove(id)
				} else {
					h.put(id, rapid.IntRange(0, 1000).Draw(rt, "version"))
				}
			}
		}
		write(rapid.IntRange(0, 15).Draw(rt, "before"))
		o := &taker{}
		rows := int64(rapid.IntRange(1, 6).Draw(rt, "rows"))
		for range rapid.IntRange(1, 5).Draw(rt, "stops") {
			o.most = o.handed + rapid.IntRange(1, 3).Draw(rt, "deliveries")
			s, _ := follow(t, p, map[string]any{"mode": "snapshot", "batch_size": rows})
			r := run(t, s, o)
			write(rapid.IntRange(0, 10).Draw(rt, "meanwhile"))
			waitOr(o, 20*time.Millisecond)
			r.end(t)
		}
		o.most = 0
		s, _ := follow(t, p, map[string]any{"mode": "snapshot", "batch_size": rows})
		r := run(t, s, o)
		o.has(t, "a position", func() bool { return o.next != nil }) // what is written from now on is a change
		h.put(ids+1, 7)                                              // the last
		o.has(t, "the last", func() bool {
			return len(o.records) > 0 && strings.Contains(o.records[len(o.records)-1], `"id":13,`) && strings.Contains(o.records[len(o.records)-1], `insert`)
		})
		r.end(t)
		got := map[int]int{}
		for _, text := range o.records {
			var e struct {
				Operation string
				ID        int
				Document  *struct{ V int }
			}
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				rt.Fatal(err)
			}
			if e.Operation == "delete" {
				delete(got, e.ID)
			} else {
				got[e.ID] = e.Document.V
			}
		}
		want := map[int]int{}
		for id, d := range h.docs {
			want[id] = d[1].Value.(int)
		}
		if !maps.Equal(got, want) {
			rt.Fatalf("%v\nwant %v\n%s", got, want, strings.Join(o.records, "\n"))
		}
	})
}

// waitOr gives a source a moment, as long as it does not take what it can.
func waitOr(o *taker, d time.Duration) {
	limit := time.After(d)
	for {
		o.mu.Lock()
		full := o.handed >= o.most
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		if full {
			return
		}
		select {
		case <-changed:
		case <-limit:
			return
		}
	}
}
