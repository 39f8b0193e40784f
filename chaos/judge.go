package main

import (
	"fmt"
	"slices"
	"strings"
)

// missing counts what is expected and has not been seen.
func (o *observer) missing(want expectation) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for stream, entries := range want {
		n += o.missingOf(stream, entries)
	}
	return n
}

// missingOf is called with the lock.
func (o *observer) missingOf(stream string, entries map[string]string) int {
	n := 0
	for id := range entries {
		if _, known := o.streams[stream].entries[id]; !known {
			n++
		}
	}
	return n
}

// judge fills in the figures.
func (o *observer) judge(r *result, want expectation, claimed map[string]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.unique, r.ooo = len(o.streams[records].entries), o.ooo
	for stream, entries := range want {
		in := o.streams[stream]
		r.dup += in.repeats
		missing := o.missingOf(stream, entries)
		wrong := 0
		for id, e := range in.entries {
			if !o.right(stream, id, e, entries, claimed) {
				wrong++
			}
		}
		switch stream {
		case records, errored:
			r.lost += missing
			r.stateDiff += wrong
		default:
			r.stateDiff += missing + wrong
		}
	}
}

// right reports whether an entry may be there, and is always the same.
func (o *observer) right(stream, id string, e *sighting, want map[string]string, claimed map[string]bool) bool {
	if len(e.others) > 0 {
		return false
	}
	body, expected := want[id]
	if expected {
		return e.body == body || stream == errored
	}
	// What was claimed, and never answered for, may be there all the same.
	return claimed[id] && stream != lates && stream != windows && stream != errored
}

// examples names some of what is missing or wrong in the streams.
func (o *observer) examples(want expectation, streams ...string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	const most = 4
	var said []string
	for _, stream := range streams {
		entries, ok := want[stream]
		if !ok {
			continue
		}
		var found []string
		for id, body := range entries {
			e, known := o.streams[stream].entries[id]
			switch {
			case !known:
				found = append(found, fmt.Sprintf("%s %s (%s) is missing", stream, id, body))
			case len(e.others) > 0 || e.body != body && stream != errored:
				found = append(found, fmt.Sprintf("%s %s is %s, want %s", stream, id, strings.Join(append([]string{e.body}, e.others...), " and "), body))
			}
		}
		for id, e := range o.streams[stream].entries {
			if _, expected := entries[id]; !expected {
				found = append(found, fmt.Sprintf("%s %s (%s) was not asked for", stream, id, e.body))
			}
		}
		slices.Sort(found)
		if n := len(found); n > most {
			found = append(found[:most], fmt.Sprintf("%s: %d in all", stream, n))
		}
		said = append(said, found...)
	}
	return strings.Join(said, "; ")
}
