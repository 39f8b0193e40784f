package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/onstream/onstream/bench/limit"
)

// memoryBusHCL writes a file to a topic of the memory bus, which is read into
// another file.
func memoryBusHCL(in, out string) string {
	return fmt.Sprintf(`
pipeline "p5" {}

connector "memory" "bus" {}

source "file" "from" {
  path   = %s
  format = "json"
}

sink "topic" "through" {
  from   = source.from
  via    = connector.bus
  topic  = "telemetry"
  format = "json"
}

source "topic" "in" {
  via    = connector.bus
  topic  = "telemetry"
  format = "json"
}

sink "file" "out" {
  from   = source.in
  path   = %s
  format = "json"
  fsync  = "never"
}
`, strconv.Quote(in), strconv.Quote(out))
}

// overMemory is P5 over the memory bus: P1 with a topic on its way.
func (b *bench) overMemory(ctx context.Context) error {
	in, err := b.input(b.records)
	if err != nil {
		return err
	}
	c := &contest{
		name:     "P5-memory",
		records:  b.records,
		programs: []*program{byHand("by hand, without a bus", in, limit.PassThrough)},
		verify:   func(_, out string) error { return sameContent(in, out) },
	}
	if b.engine != nil {
		c.programs = append(c.programs, b.oursUntil(c, func(out string) string { return memoryBusHCL(in, out) }))
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	// 1.5 million records a second of each core.
	b.judgeCost(c, "engine", 667)
	return nil
}
