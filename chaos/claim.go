package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// kind says what the pipeline is to make of a line.
type kind string

const (
	good   kind = "good"   // an honest record
	ahead  kind = "ahead"  // a record whose clock is a day ahead: stages that know time must refuse it
	poison kind = "poison" // no record at all: it must end in the error output
	harm   kind = "harm"   // a record that has a WebAssembly module or a plugin do harm: it must end in the error output of that, and not count
)

// A claim is one line that is about to be sent. Once the engine has accepted
// it, it owes what the line stands for.
type claim struct {
	Run   string `json:"run"`
	Batch int    `json:"batch"`
	Kind  kind   `json:"kind"`
	Copy  bool   `json:"copy,omitempty"` // the same record was sent before
	record
}

// record is what the sender sends.
type record struct {
	ID    string    `json:"id"`
	Key   string    `json:"key"`
	Seq   int       `json:"seq"` // of the key, from 0, in the order of sending
	TS    time.Time `json:"ts"`
	Value int64     `json:"value"`
	Pad   string    `json:"pad,omitempty"`
}

// line returns what is sent.
func (c claim) line() ([]byte, error) {
	if c.Kind != poison {
		return json.Marshal(c.record)
	}
	return json.Marshal(map[string]string{"id": c.ID, "key": c.Key, "value": "this is no number"})
}

// The streams that the pipelines of the harness write, and an entry of each by
// the name under which it is expected and found.
const (
	records = "records" // every record that could be decoded
	uniques = "uniques" // those without the copies
	totals  = "totals"  // number and sum of a key's records, up to and with this one
	windows = "windows" // number and sum of a key's records within a second of event time
	errored = "errors"  // what failed
	lates   = "late"    // what the windows refused because it came late
)

// allStreams are the streams in the order in which they are told of.
func allStreams() []string {
	return []string{records, uniques, totals, windows, errored, lates}
}

func recordBody(value int64) string           { return "value=" + strconv.FormatInt(value, 10) }
func tallyBody(n int, sum int64) string       { return fmt.Sprintf("n=%d sum=%d", n, sum) }
func windowID(key string, start int64) string { return fmt.Sprintf("%s@%d", key, start) }
