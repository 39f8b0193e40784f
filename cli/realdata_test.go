package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// recording is a machine's temperature over three months, in Fahrenheit. It
// does not come with the project.
const recording = "shared/data/machine_temperature_system_failure.csv"

// findRecording walks up from the project.
func findRecording(t *testing.T) string {
	t.Helper()
	for dir := root(t); ; dir = filepath.Dir(dir) {
		if name := filepath.Join(dir, recording); exists(name) {
			return name
		}
		if dir == filepath.Dir(dir) {
			t.Skipf("there is no %s above the project", recording)
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestRealMachine accounts for every row of a real recording, and counts the
// alarms in another way.
func TestRealMachine(t *testing.T) {
	t.Parallel()
	input, results := findRecording(t), t.TempDir()
	const limit = 39.0
	rows, idle, alarms := count3(t, input, limit)

	_, talk := succeed(t, root(t), "run", "--output", "json", "--log-level", "error", "--set", "limit_c=39",
		"--var", "input="+input, "--var", "results="+results, "examples/machine-health")
	var summary summaryJSON
	if err := json.Unmarshal([]byte(talk), &summary); err != nil {
		t.Fatalf("summary: %v\n%s", err, talk)
	}
	if !summary.Balanced {
		t.Errorf("the counts do not agree: %s", talk)
	}
	stages := map[string]stageSummaryJSON{}
	for _, s := range summary.Stages {
		stages[s.Addr] = s
		if s.Dead+s.Held != 0 || s.Filtered != 0 && s.Addr != "transform.running" && s.Addr != "transform.hour" {
			t.Errorf("%s lost records: %+v", s.Addr, s)
		}
	}
	for addr, want := range map[string]int64{
		"source.machine":    rows,
		"transform.celsius": rows,
		"transform.running": rows - idle,
		"sink.alarms":       alarms,
		"sink.history":      rows - idle,
		"sink.errors":       0,
	} {
		if got := stages[addr].Out; got != want {
			t.Errorf("%s passed on %d records, want %d", addr, got, want)
		}
	}
	if rows != 22695 {
		t.Errorf("the recording has %d rows, not 22695", rows)
	}
	for name, want := range map[string]int64{
		"alarms.ndjson": alarms,
		"history.csv":   rows - idle + 1, // and the header
		"errors.ndjson": 0,
	} {
		if got := int64(bytes.Count([]byte(read(t, filepath.Join(results, name))), []byte("\n"))); got != want {
			t.Errorf("%s has %d lines, want %d", name, got, want)
		}
	}
	if hot, n := sumHours(t, filepath.Join(results, "hours.csv")); hot != alarms || n != rows-idle {
		t.Errorf("the hours have %d readings, %d of them hot, want %d and %d", n, hot, rows-idle, alarms)
	}
}

// sumHours adds up the hours of a machine: hour, mean_c, peak_c, hot, n.
func sumHours(t *testing.T, name string) (hot, n int64) {
	t.Helper()
	hours, err := csv.NewReader(strings.NewReader(read(t, name))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, hour := range hours[1:] {
		for column, sum := range map[int]*int64{3: &hot, 4: &n} {
			x, err := strconv.ParseInt(hour[column], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			*sum += x
		}
	}
	return hot, n
}

// count3 does the pipeline's work with nothing of the project.
func count3(t *testing.T, name string, limit float64) (rows, idle, alarms int64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range all[1:] {
		fahrenheit, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		celsius := math.Round((fahrenheit-32)*5/9*100) / 100
		rows++
		switch {
		case celsius > limit:
			alarms++
		case celsius < 10:
			idle++
		}
	}
	if idle == 0 || alarms == 0 || alarms == rows {
		t.Fatalf("%d rows, %d idle, %d alarms: the test proves nothing", rows, idle, alarms)
	}
	return rows, idle, alarms
}
