package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// load is how much an engine has on its hands.
type load struct {
	inFlight int64 // records
	waiting  int64 // records that it has not taken from the bus
	memory   int64 // resident, bytes
}

var (
	inFlightMetric = regexp.MustCompile(`(?m)^onstream_source_in_flight\{.*\} (\S+)$`)
	lagMetric      = regexp.MustCompile(`(?m)^onstream_source_lag\{.*\} (\S+)$`)
	spoolMetric    = regexp.MustCompile(`(?m)^onstream_spool_records\{.*\} (\S+)$`)
)

// load asks the engine.
func (t *trial) load(ctx context.Context) (load, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.monitor+"/metrics", nil)
	if err != nil {
		return load{}, fmt.Errorf("ask the engine for its metrics: %w", err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return load{}, fmt.Errorf("ask the engine for its metrics: %w", err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		return load{}, fmt.Errorf("ask the engine for its metrics: %w", err)
	}
	waiting := metric(all, lagMetric)
	if t.source == bySpool { // its bus does not tell
		waiting = t.sender.lines.Load() - metric(all, spoolMetric)
	}
	return load{metric(all, inFlightMetric), waiting, residentMemory(t.proc.cmd.Process.Pid)}, nil
}

// metric returns a metric, -1 where it is not told.
func metric(all []byte, name *regexp.Regexp) int64 {
	m := name.FindSubmatch(all)
	if m == nil {
		return -1
	}
	n, err := strconv.ParseFloat(string(bytes.TrimSpace(m[1])), 64)
	if err != nil {
		return -1
	}
	return int64(n)
}

// slack is how much memory may be taken while nothing moves: what the collector has not given back.
const slack = 32 << 20

// stallSinks has the server that the sinks write to stand still, while the source's has ever more. The
// engine is to stop reading: what it has in its hands, and its memory, stay as they are.
func stallSinks(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := t.road.server.Freeze(); err != nil {
		return err
	}
	full, last, err := t.whileStalled(ctx)
	if err := t.road.server.Thaw(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	switch {
	case last.inFlight > full.inFlight || last.inFlight < 0:
		t.fail(gatePressure, "%d records were in flight, and then %d, while sinks took none", full.inFlight, last.inFlight)
	case last.waiting <= full.waiting:
		t.fail(gatePressure, "%d records waited for the source, and then %d, while it could not go on", full.waiting, last.waiting)
	case last.memory > full.memory+slack:
		t.fail(gateMemory, "memory grew from %d to %d MiB while sinks took nothing", full.memory>>20, last.memory>>20)
	}
	t.unsaved += time.Since(began) + unsaved
	// What has waited takes its time, and is waited for at the end. That it comes at all is to be seen soon.
	return t.lives(ctx)
}

// whileStalled returns what the engine has on its hands when it has taken all that it may, and a good while later.
func (t *trial) whileStalled(ctx context.Context) (full, last load, err error) {
	for began := time.Now(); ; full = last {
		if last, err = t.load(ctx); err != nil {
			return full, last, err
		}
		if last.inFlight > 0 && last.inFlight == full.inFlight && last.waiting > full.waiting || time.Since(began) > t.stall+t.limit {
			break
		}
		// Something more of each device, so that each partition has more.
		if err := t.sender.onward(ctx); err != nil {
			return full, last, err
		}
	}
	full = last
	if err := pause(ctx, t.stall); err != nil {
		return full, last, err
	}
	last, err = t.load(ctx)
	return full, last, err
}
