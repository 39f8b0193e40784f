package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// twoRecordings reads both recordings side by side. One that follows them does
// not end, however late it is killed.
const twoRecordings = `
pipeline "two_recordings" {
  checkpoint {
    interval = "20ms"
  }
}

variable "machine" {}
variable "office" {}
variable "out" {}
variable "follow" {
  default = false
}

schema "reading" {
  fields = {
    timestamp = time("2006-01-02 15:04:05")
    value     = float
  }
}

source "file" "machine" {
  path   = var.machine
  follow = var.follow
  format = "csv"
  schema = schema.reading
}
source "file" "office" {
  path   = var.office
  follow = var.follow
  format = "csv"
  schema = schema.reading
}

transform "map" "machine" {
  from = source.machine
  emit = { device = "machine", at = event.timestamp, value = event.value }
}
transform "map" "office" {
  from = source.office
  emit = { device = "office", at = event.timestamp, value = event.value }
}

transform "throttle" "pace" {
  from   = [transform.machine, transform.office]
  rate   = 15000
  burst  = 100
  excess = "wait"
}

transform "window" "quarter" {
  from     = transform.pace
  key      = event.device
  time     = event.at
  tumbling = "6h"
  lateness = "48h"   # the clocks of the recordings are set back now and then
  emit = {
    device = key
    start  = window.start
    n      = agg::count()
    mean   = agg::avg(event.value)
    low    = agg::min(event.value)
    high   = agg::max(event.value)
  }
}

sink "file" "quarters" {
  from = transform.quarter
  path = var.out
}

sink "file" "late" {
  from = transform.quarter.late
  path = "${var.out}.late"
}

sink "file" "errors" {
  from = errors
  path = "${var.out}.errors"
}
`

// quarter is the result of a window.
type quarter struct {
	Device string    `json:"device"`
	Start  time.Time `json:"start"`
	N      int       `json:"n"`
	Mean   float64   `json:"mean"`
	Low    float64   `json:"low"`
	High   float64   `json:"high"`
}

type quarterKey struct {
	device string
	start  int64
}

// TestRecordingsSurviveKills kills the program ten times while it computes
// windows over two real recordings, and computes them in another way.
func TestRecordingsSurviveKills(t *testing.T) {
	t.Parallel()
	machine := findRecording(t)
	office := filepath.Join(filepath.Dir(machine), "ambient_temperature_system_failure.csv")
	want := quarters(t, map[string]string{"machine": machine, "office": office})
	dir := t.TempDir()
	out := filepath.Join(dir, "quarters.ndjson")
	write(t, filepath.Join(dir, "pipeline", "main.hcl"), twoRecordings)
	args := []string{
		"run", "--state", filepath.Join(dir, "state"), "--var", "machine=" + machine, "--var", "office=" + office,
		"--var", "out=" + out, filepath.Join(dir, "pipeline"),
	}

	const kills = 10
	for k := range kills {
		cmd, log := start(t, dir, append(args[:len(args)-1:len(args)-1], "--var", "follow=true", args[len(args)-1])...)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = cmd.Wait() // how it ended is asked of ProcessState
		}()
		target := (k + 1) * len(want) / (kills + 1)
		wait(t, func() bool {
			select {
			case <-ended:
				t.Fatalf("it ended before kill %d: %v\n%s", k+1, cmd.ProcessState, read(t, log))
			default:
			}
			return len(foundQuarters(t, out)) >= target
		})
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-ended
	}
	succeed(t, dir, args...)
	compareQuarters(t, foundQuarters(t, out), want)
	for _, name := range []string{out + ".late", out + ".errors"} {
		if exists(name) && read(t, name) != "" {
			t.Errorf("%s is not empty:\n%.500s", filepath.Base(name), read(t, name))
		}
	}

	// What has come to its end has nothing more to say.
	before := read(t, out)
	succeed(t, dir, args...)
	if after := read(t, out); after != before {
		t.Errorf("a run after the last one adds\n%.500s", after[len(before):])
	}
}

// quarters computes the windows with nothing of the project.
func quarters(t *testing.T, files map[string]string) map[quarterKey]quarter {
	t.Helper()
	all := map[quarterKey]quarter{}
	for device, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			at, err := time.Parse(time.DateTime, row[0])
			if err != nil {
				t.Fatal(err)
			}
			value, err := strconv.ParseFloat(row[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			start := at.Truncate(6 * time.Hour)
			q, known := all[quarterKey{device, start.Unix()}]
			if !known {
				q = quarter{Device: device, Start: start, Low: value, High: value}
			}
			q.N++
			q.Mean += value // divided at the end
			q.Low, q.High = min(q.Low, value), max(q.High, value)
			all[quarterKey{device, start.Unix()}] = q
		}
	}
	for key, q := range all {
		q.Mean /= float64(q.N)
		all[key] = q
	}
	return all
}

// foundQuarters reads the output. What comes twice has to be the same twice;
// a line that a kill has cut off does not count.
func foundQuarters(t *testing.T, name string) map[quarterKey]quarter {
	t.Helper()
	found, texts := map[quarterKey]quarter{}, map[quarterKey]string{}
	if !exists(name) {
		return found
	}
	for line := range bytes.Lines([]byte(read(t, name))) {
		var q quarter
		if json.Unmarshal(line, &q) != nil {
			continue
		}
		key, text := quarterKey{q.Device, q.Start.Unix()}, string(bytes.TrimSpace(line))
		if before, known := texts[key]; known && before != text {
			t.Fatalf("a window has two results:\n%s\n%s", before, text)
		}
		found[key], texts[key] = q, text
	}
	return found
}

func compareQuarters(t *testing.T, got, want map[quarterKey]quarter) {
	t.Helper()
	wrong := 0
	for key, w := range want {
		g, known := got[key]
		if !known || g.N != w.N || g.Low != w.Low || g.High != w.High || math.Abs(g.Mean-w.Mean) > 1e-9*w.High {
			if wrong++; wrong <= 5 {
				t.Errorf("%s: got %+v (found: %v), want %+v", fmt.Sprint(key), g, known, w)
			}
		}
	}
	if wrong > 0 || len(got) != len(want) {
		t.Errorf("%d of %d windows are wrong, %d were found", wrong, len(want), len(got))
	}
}
