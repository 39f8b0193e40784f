package main

import (
	"encoding/json"
	"maps"
	"regexp"
	"sync"
	"time"
)

// observer gathers what the engine's sinks have given, wherever it comes from.
// It is safe for concurrent use.
type observer struct {
	once      bool // what comes again with the same content is there once
	unordered bool // what is there does not say in which order it came

	mu      sync.Mutex
	streams map[string]*sightings
	lines   int            // of all streams
	last    map[string]int // the number of each device's latest record
	ooo     int            // records that came behind a later one
}

// sightings are the entries of one stream.
type sightings struct {
	entries map[string]*sighting
	repeats int
}

// sighting is what was seen of one entry.
type sighting struct {
	body   string
	others []string // bodies that differ from the first one
}

func newObserver(sink medium) *observer {
	o := &observer{once: sink.keepsOnce(), unordered: sink == byStore, streams: map[string]*sightings{}, last: map[string]int{}}
	for _, s := range allStreams() {
		o.streams[s] = &sightings{entries: map[string]*sighting{}}
	}
	return o
}

// seen is a line of any of the streams.
type seen struct {
	ID      string    `json:"id"`
	Key     string    `json:"key"`
	Seq     *int      `json:"seq"`
	Value   int64     `json:"value"`
	Start   time.Time `json:"start"`
	N       int       `json:"n"`
	Sum     int64     `json:"sum"`
	Payload string    `json:"payload"`
}

// identity finds the name of a line among the bytes that are kept of it when it
// failed.
var identity = regexp.MustCompile(`(?:poison|d\d+)/\d+`)

// see takes a line of a stream. One that is not whole is no entry: the engine
// is to write it again.
func (o *observer) see(stream string, line []byte) {
	s, id, body, err := parse(stream, line)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines++
	if err != nil {
		return // cut off by a kill while it was written
	}
	in := o.streams[stream]
	entry, known := in.entries[id]
	switch {
	case !known:
		in.entries[id] = &sighting{body: body}
		if stream == records && s.Seq != nil {
			o.order(s.Key, *s.Seq)
		}
	case entry.body != body:
		entry.others = append(entry.others, body)
	case !o.once:
		in.repeats++
	}
}

// parse returns the name of a line, and what is to be the same in all lines of that name.
func parse(stream string, line []byte) (s seen, id, body string, err error) {
	if err := json.Unmarshal(line, &s); err != nil {
		return s, "", "", err
	}
	switch stream {
	case records, uniques:
		id, body = s.ID, recordBody(s.Value)
	case totals:
		id, body = s.ID, tallyBody(s.N, s.Sum)
	case windows:
		id, body = windowID(s.Key, s.Start.UnixMilli()), tallyBody(s.N, s.Sum)
	case lates:
		id = s.ID
	case errored:
		if id = identity.FindString(s.Payload); id == "" {
			id = string(line) // what failed is none of ours: nobody expects this name
		}
	}
	return s, id, body, nil
}

// remain takes what a store has in the end: what was seen and is not among it has been lost after all.
func (o *observer) remain(stream string, lines [][]byte) {
	left := map[string]bool{}
	for _, line := range lines {
		o.see(stream, line)
		if _, id, _, err := parse(stream, line); err == nil {
			left[id] = true
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.streams[stream].entries, func(id string, _ *sighting) bool { return !left[id] })
}

// order counts the first occurrences of a device's records that come behind a
// later one.
func (o *observer) order(key string, seq int) {
	if last, known := o.last[key]; known && seq < last {
		if !o.unordered {
			o.ooo++
		}
		return
	}
	o.last[key] = seq
}

// reached reports whether the records of all devices have come out up to a number of
// each.
func (o *observer) reached(latest map[string]int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, seq := range latest {
		if last, known := o.last[key]; !known || last < seq {
			return false
		}
	}
	return true
}

// count returns how many lines were seen so far.
func (o *observer) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines
}
