package mongo_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// history is a collection of documents with integers as ids, and what has become of them: it is what a peer needs to serve
// snapshots and change streams.
type history struct {
	mu      sync.Mutex
	docs    map[int]bson.D
	events  []bson.D
	first   int // the oldest event that is kept
	cursors map[int64]*following
	last    int64
	changed chan struct{}

	// fault is asked before each command but those that say hello: what it returns is the answer where ok is true.
	fault func(c call) (answer bson.D, ok bool)
}

// following is an open change stream.
type following struct {
	at         int // the next event
	operations []string
}

// serve returns a peer with a history.
func (h *history) serve(t testing.TB) *peer {
	h.docs, h.cursors, h.changed = map[int]bson.D{}, map[int64]*following{}, make(chan struct{})
	faulty := func(f func(call) bson.D) func(call) bson.D {
		return func(c call) bson.D {
			h.mu.Lock()
			fault := h.fault
			h.mu.Unlock()
			if fault != nil {
				if answer, ok := fault(c); ok {
					return answer
				}
			}
			return f(c)
		}
	}
	return newPeer(t, answers{"aggregate": faulty(h.aggregate), "getMore": faulty(h.getMore), "find": faulty(h.find)})
}

// failing sets what commands fail by.
func (h *history) failing(f func(c call) (bson.D, bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fault = f
}

// once answers the next command of a name in a way.
func (h *history) once(name string, answer bson.D) {
	done := false
	h.failing(func(c call) (bson.D, bool) {
		if c.Name != name || done {
			return nil, false
		}
		done = true
		return answer, true
	})
}

// token stands behind the n-th event.
func token(n int) bson.D { return doc("_data", fmt.Sprintf("%08d", n)) }

// happen adds an event to the history.
func (h *history) happen(operation string, id int, more ...bson.E) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.add(operation, id, more...)
}

func (h *history) add(operation string, id int, more ...bson.E) {
	n := len(h.events) + 1
	e := doc("_id", token(n), "operationType", operation, "clusterTime", bson.Timestamp{T: uint32(1000 + n), I: 1}, "ns", doc("db", "plant", "coll", "docs"))
	if !slices.Contains([]string{"drop", "rename", "dropDatabase", "invalidate"}, operation) {
		e = append(e, bson.E{Key: "documentKey", Value: doc("_id", id)})
	}
	h.events = append(h.events, append(e, more...))
	close(h.changed)
	h.changed = make(chan struct{})
}

// put writes a document, with a version.
func (h *history) put(id, version int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, known := h.docs[id]
	h.docs[id] = doc("_id", id, "v", version)
	full := bson.E{Key: "fullDocument", Value: h.docs[id]}
	if known {
		h.add("update", id, full, bson.E{Key: "updateDescription", Value: doc("updatedFields", doc("v", version), "removedFields", bson.A{}, "truncatedArrays", bson.A{})})
	} else {
		h.add("insert", id, full)
	}
}

// remove deletes a document.
func (h *history) remove(id int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.docs, id)
	h.add("delete", id)
}

// forget makes events too old to be kept.
func (h *history) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.first = len(h.events) + 1
	h.events = append(h.events, doc("_id", token(len(h.events)+1), "operationType", "noop"))
	clear(h.cursors)
}

func (h *history) aggregate(c call) bson.D {
	h.mu.Lock()
	defer h.mu.Unlock()
	stage := c.lookup("pipeline", "0", "$changeStream").Document()
	at := len(h.events)
	if after, err := stage.LookupErr("startAfter"); err == nil {
		at, _ = strconv.Atoi(after.Document().Lookup("_data").StringValue())
		if at < h.first {
			return failure(286, "ChangeStreamHistoryLost", "Resume of change stream was not possible, as the resume point may no longer be in the oplog.")
		}
	} else if after, err := stage.LookupErr("resumeAfter"); err == nil {
		at, _ = strconv.Atoi(after.Document().Lookup("_data").StringValue())
	}
	var operations []string
	values, _ := c.lookup("pipeline", "1", "$match", "operationType", "$in").Array().Values()
	for _, v := range values {
		operations = append(operations, v.StringValue())
	}
	h.last++
	h.cursors[h.last] = &following{at, operations}
	return page(true, h.last, "plant.docs", nil, bson.E{Key: "postBatchResumeToken", Value: token(at)})
}

func (h *history) getMore(c call) bson.D {
	id, most := c.lookup("getMore").AsInt64(), 1<<20
	if v, err := c.Body.LookupErr("batchSize"); err == nil {
		most = int(v.AsInt64())
	}
	wait := time.NewTimer(50 * time.Millisecond)
	defer wait.Stop()
	for {
		h.mu.Lock()
		f := h.cursors[id]
		if f == nil {
			h.mu.Unlock()
			return failure(43, "CursorNotFound", "cursor id not found")
		}
		var batch []bson.D
		open := id
		for ; f.at < len(h.events) && len(batch) < most && open != 0; f.at++ {
			e := h.events[f.at]
			if slices.Contains(f.operations, e[1].Value.(string)) {
				batch = append(batch, e)
			}
			if e[1].Value == "invalidate" {
				open = 0
			}
		}
		answer := page(false, open, "plant.docs", batch, bson.E{Key: "postBatchResumeToken", Value: token(f.at)})
		changed := h.changed
		h.mu.Unlock()
		if len(batch) > 0 {
			return answer
		}
		select {
		case <-changed:
		case <-wait.C:
			return answer
		case <-c.ctx.Done():
			return nil
		}
	}
}

// find answers pages of a snapshot.
func (h *history) find(c call) bson.D {
	h.mu.Lock()
	defer h.mu.Unlock()
	where := c.lookup("filter", "$and", "0", "_id").Document()
	after, none := 0, true
	if v, err := where.LookupErr("$gt"); err == nil {
		after, none = int(v.AsInt64()), false
	} else if v, err := where.LookupErr("$gte"); err == nil && v.Type == bson.TypeDouble {
		none = false
	}
	var ids []int
	for id := range h.docs {
		if id > after && !none {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = ids[:min(len(ids), int(c.lookup("limit").AsInt64()))]
	var found []bson.D
	for _, id := range ids {
		found = append(found, h.docs[id])
	}
	return page(true, 0, "plant.docs", found)
}
