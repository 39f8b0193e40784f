package telemetry_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"testing"

	"github.com/onstream/onstream/bench/telemetry"
)

const lines = 200_000

func generate(t *testing.T, config telemetry.Config, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := telemetry.New(config).Write(&out, n); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestShape(t *testing.T) {
	out := generate(t, telemetry.Config{}, lines)
	if mean := float64(len(out)) / lines; math.Abs(mean-143) > 0.1 {
		t.Errorf("a line has %.2f bytes on average, want 143", mean)
	}
	order := regexp.MustCompile(`^\{"device_id":"d-\d{6}","ts":\d{13},"temperature":[\d.-]+,"humidity":[\d.]+,` +
		`"vibration":[\d.]+,"status":"(ok|warn|error)","site":"plant-\d+","fw":"\d\.\d\.\d+"\}$`)
	devices := map[string]string{}
	var hot, count int
	for line := range bytes.Lines(out) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		var r struct {
			Device      string `json:"device_id"`
			TS          int64
			Temperature float64
			Site, FW    string
		}
		if err := json.Unmarshal(line, &r); err != nil || !order.Match(line) {
			t.Fatalf("line %d: %s: %v", count, line, err)
		}
		if want := 1_700_000_000_000 + int64(count)/10; r.TS != want {
			t.Fatalf("line %d has time %d, want %d", count, r.TS, want)
		}
		home := r.Site + " " + r.FW
		if old, known := devices[r.Device]; known && old != home {
			t.Fatalf("device %s moved from %s to %s", r.Device, old, home)
		}
		devices[r.Device] = home
		if r.Temperature > telemetry.Threshold {
			hot++
		}
		count++
	}
	if count != lines || len(devices) != 10_000 {
		t.Errorf("%d lines of %d devices, want %d of 10000", count, len(devices), lines)
	}
	if share := float64(hot) / lines; math.Abs(share-0.102) > 0.003 {
		t.Errorf("%.2f %% of the lines are hot, want 10.2 %%", share*100)
	}
}

func TestDeterministic(t *testing.T) {
	const want = "ebafbf573b76ce6037804cb7cacf87587f9d486f6e147e553928ca96e375c021"
	if got := fmt.Sprintf("%x", sha256.Sum256(generate(t, telemetry.Config{}, 5_000))); got != want {
		t.Errorf("the lines have changed: hash %s, want %s", got, want)
	}
	first := generate(t, telemetry.Config{Seed: 7}, 5_000)
	if !bytes.Equal(first, generate(t, telemetry.Config{Seed: 7}, 5_000)) {
		t.Error("the same seed gave different lines")
	}
	if bytes.Equal(first, generate(t, telemetry.Config{Seed: 8}, 5_000)) {
		t.Error("different seeds gave the same lines")
	}
}

func TestHot(t *testing.T) {
	for line := range bytes.Lines(generate(t, telemetry.Config{Hot: true}, 20_000)) {
		var r struct{ Temperature float64 }
		if err := json.Unmarshal(line, &r); err != nil || r.Temperature <= telemetry.Threshold {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	n, err := telemetry.New(telemetry.Config{}).Write(io.Discard, b.N)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(n / int64(b.N))
}
