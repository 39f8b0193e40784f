package main

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/onstream/onstream/chaos/bus"
)

// What a store has lost in the end is missing, though it was seen before; what has come again is there once; in which order it stands says nothing.
func TestWhatRemainsInAStore(t *testing.T) {
	t.Parallel()
	o := newObserver(byStore)
	later, former := []byte(`{"id":"d00/4","key":"d00","seq":4,"value":7}`), []byte(`{"id":"d00/3","key":"d00","seq":3,"value":5}`)
	o.see(records, later)
	o.see(records, former)
	want := expectation{records: {"d00/3": recordBody(5), "d00/4": recordBody(7)}}
	var r result
	if o.judge(&r, want, nil); o.missing(want) != 0 || r.dup != 0 || r.ooo != 0 || r.stateDiff != 0 {
		t.Errorf("whole: %d missing, %+v", o.missing(want), r)
	}
	o.remain(records, [][]byte{later})
	if r = (result{}); o.missing(want) != 1 {
		t.Errorf("%d are missing, not 1", o.missing(want))
	}
	o.remain(records, [][]byte{later, former, []byte(`{"id":"d00/4","key":"d00","seq":4,"value":8}`)})
	if o.judge(&r, want, nil); r.lost != 0 || r.stateDiff != 1 {
		t.Errorf("changed: %+v", r)
	}
}

// Keyed upserts make a path effectively once: the engine is killed, and the database is, with kill -9; and an engine that is broken on purpose is found.
func TestKeyedUpsertsAreEffectivelyOnce(t *testing.T) {
	if why := bus.Mongo().Absent(); why != "" {
		t.Skip(why + ": scripts/services install mongo fetches what it takes")
	}
	t.Parallel()
	dir := t.TempDir()
	binary, err := build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"-binary", binary, "-dir", dir, "-fault", "mongo-kill9,mongo-serverkill", "-cycles", "2"}, &stdout, &stderr); code != 0 {
		t.Errorf("exit %d", code)
	}
	for _, fault := range []string{"mongo-kill9", "mongo-serverkill"} {
		line := `(?m)^RESULT fault=` + fault + ` server="mongo-java-server" seed=1 cycles=2 sent=\d+ accepted=[1-9]\d* unique_out=[1-9]\d* lost=0 dup=0 ooo=0 state_diff=0 .* verdict=pass$`
		if !regexp.MustCompile(line).Match(stdout.Bytes()) {
			t.Errorf("no line %s", line)
		}
	}
	if code := run([]string{"-binary", binary, "-dir", dir, "-selftest", "-fault", "mongo-*"}, &stdout, &stderr); code != 0 {
		t.Errorf("the broken engines: exit %d", code)
	}
	if t.Failed() {
		t.Logf("%s%s", &stdout, &stderr)
	}
}
