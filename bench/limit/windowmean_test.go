package limit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/onstream/onstream/bench/limit"
	"github.com/onstream/onstream/bench/telemetry"
)

// meanResult is a result of WindowMean.
type meanResult struct {
	device, end string
	mean        float64
}

// meansOracle does the job of WindowMean with encoding/json.
func meansOracle(t *testing.T, input string) (results map[meanResult]int, tally limit.Tally) {
	t.Helper()
	const length = 10_000
	type window struct {
		begin int64
		all   []float64
	}
	open := map[string]*window{}
	results = map[meanResult]int{}
	end := func(device string, w *window) {
		var sum float64
		for _, x := range w.all {
			sum += x
		}
		// Rounded to what two ways of adding up agree in.
		mean := math.Round(sum/float64(len(w.all))*1e6) / 1e6
		results[meanResult{device, time.UnixMilli(w.begin + length).UTC().Format(time.RFC3339), mean}]++
		tally.Out++
	}
	for line := range strings.SplitSeq(input, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		tally.In++
		var fields map[string]json.RawMessage
		var device *string
		var at *int64
		var degrees *float64
		if json.Unmarshal([]byte(line), &fields) != nil ||
			json.Unmarshal(fields["device_id"], &device) != nil || device == nil ||
			json.Unmarshal(fields["ts"], &at) != nil || at == nil ||
			json.Unmarshal(fields["temperature"], &degrees) != nil || degrees == nil {
			tally.Bad++
			continue
		}
		begin := int64(math.Floor(float64(*at)/length)) * length
		w := open[*device]
		switch {
		case w == nil:
			w = &window{begin: begin}
			open[*device] = w
		case begin > w.begin:
			end(*device, w)
			*w = window{begin: begin}
		case begin < w.begin:
			continue
		}
		w.all = append(w.all, *degrees)
	}
	for device, w := range open {
		end(device, w)
	}
	return results, tally
}

func TestWindowMeanEqualsEncodingJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	odd := []string{
		`{"device_id":"d","ts":-1,"temperature":1}`, `{"device_id":"d","ts":0,"temperature":2}`, `{"device_id":"d","ts":-10001,"temperature":3}`,
		`{"device_id":"e","ts":9999,"temperature":4}`, `{"device_id":"e","ts":10000,"temperature":5}`, `{"device_id":"e","ts":9999,"temperature":6}`,
		`{"device_id":"\u0065","ts":10001,"temperature":6}`, `{"device_id":"q\"","ts":1,"temperature":1}`,
		`{"device_id":5,"ts":1,"temperature":1}`, `{"device_id":null,"ts":1,"temperature":1}`, `{"ts":1,"temperature":1}`,
		`{"device_id":"d","ts":"1","temperature":1}`, `{"device_id":"d","ts":1.5,"temperature":1}`, `{"device_id":"d","ts":1}`,
	}
	for name, input := range map[string]string{
		"fleet":     fleet(t, 3, 20_000),
		"rewritten": rewritten(rng, fleet(t, 3, 20_000), 10),
		"shuffled":  shuffled(rng, fleet(t, 5, 5_000)),
		"odd":       strings.Join(append(odd, byHand...), "\n"),
		"empty":     "",
	} {
		want, tally := meansOracle(t, input)
		for _, m := range []limit.WindowMean{{}, {Guess: true}} {
			t.Run(fmt.Sprintf("%s/%v", name, m), func(t *testing.T) {
				var out bytes.Buffer
				got, err := m.Run(&out, iotest.HalfReader(strings.NewReader(input)))
				if err != nil {
					t.Fatal(err)
				}
				if got != tally {
					t.Errorf("counted %+v, want %+v", got, tally)
				}
				results := map[meanResult]int{}
				for line := range bytes.Lines(out.Bytes()) {
					var r struct {
						Device string `json:"device_id"`
						End    string
						Mean   float64 `json:"temperature"`
					}
					if err := json.Unmarshal(line, &r); err != nil {
						t.Fatalf("%s: %v", line, err)
					}
					results[meanResult{r.Device, r.End, math.Round(r.Mean*1e6) / 1e6}]++
				}
				for r, n := range want {
					if results[r] != n {
						t.Fatalf("%v came %d times, want %d", r, results[r], n)
					}
				}
				if len(results) != len(want) {
					t.Errorf("%d results, want %d", len(results), len(want))
				}
			})
		}
	}
}

// fleet returns n lines of few devices, each of which has several windows.
func fleet(t *testing.T, devices, n int) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := telemetry.New(telemetry.Config{Devices: devices, Rate: 100}).Write(&out, n); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// shuffled moves lines among those nearby, so that some are late.
func shuffled(rng *rand.Rand, input string) string {
	lines := strings.SplitAfter(strings.TrimSuffix(input, "\n"), "\n")
	for nearby := range slices.Chunk(lines, 1500) {
		rng.Shuffle(len(nearby)-1, func(i, j int) { nearby[i], nearby[j] = nearby[j], nearby[i] })
	}
	return strings.Join(lines, "")
}
