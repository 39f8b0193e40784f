package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/onstream/onstream/bench/limit"
	"github.com/onstream/onstream/runtime"
)

const (
	// kafkaShare and jetStreamShare are which parts of the records go over a
	// bus, where each costs more than in a file.
	kafkaShare     = 4
	jetStreamShare = 10
)

// busHCL is P2 between two topics of the connector, for a group of readers.
func busHCL(connector, group, in, out string) string {
	return fmt.Sprintf(`
pipeline "p5" {}
%s%s
source "topic" "in" {
  via    = connector.bus
  topic  = %q
  group  = %q
  format = "json"
  schema = schema.telemetry
}
%s
sink "topic" "out" {
  from   = transform.out
  via    = connector.bus
  topic  = %q
  format = "json"
}
`, telemetrySchema, connector, in, group, hotFahrenheit(""), out)
}

// oursUntil enters the engine with a pipeline that ends when source.in has read
// the records of the contest and everything that came of them is written.
func (b *bench) oursUntil(c *contest, hcl func(out string) string) *program {
	return &program{name: "engine", run: func(ctx context.Context, out string) error {
		return b.engine(ctx, hcl(out), bytes.NewReader(nil), io.Discard, engineOptions{until: hasRead(c.records)})
	}}
}

// hasRead tells whether source.in has read so many records.
func hasRead(records int) func(runtime.Stats) bool {
	return func(s runtime.Stats) bool {
		return slices.ContainsFunc(s.Stages, func(stage runtime.StageStats) bool {
			return stage.Addr == "source.in" && stage.In >= int64(records)
		})
	}
}

// mapTopic does the work of P2 by hand.
func mapTopic(w io.Writer, r io.Reader) error {
	_, err := limit.FilterMap{Guess: true}.Run(w, r)
	return err
}

// eachLine calls f with the lines of data, without their ends.
func eachLine(data []byte, f func(line []byte) error) error {
	for line := range bytes.Lines(data) {
		if err := f(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return err
		}
	}
	return nil
}
