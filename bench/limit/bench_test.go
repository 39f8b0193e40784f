package limit_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/onstream/onstream/bench/limit"
	"github.com/onstream/onstream/bench/telemetry"
)

// BenchmarkMemory reports the time per record without a file on either side.
func BenchmarkMemory(b *testing.B) {
	const records = 200_000
	var input bytes.Buffer
	if _, err := telemetry.New(telemetry.Config{}).Write(&input, records); err != nil {
		b.Fatal(err)
	}
	for name, run := range programs {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := run(io.Discard, bytes.NewReader(input.Bytes())); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
		})
	}
}

var programs = map[string]func(io.Writer, io.Reader) (limit.Tally, error){
	"PassThrough":      limit.PassThrough,
	"FilterMap/scan":   limit.FilterMap{}.Run,
	"FilterMap/guess":  limit.FilterMap{Guess: true}.Run,
	"WindowMean/scan":  limit.WindowMean{}.Run,
	"WindowMean/guess": limit.WindowMean{Guess: true}.Run,
}
