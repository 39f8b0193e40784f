package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/onstream/onstream/bench/limit"
)

// What a plugin in a process of its own may cost, both processes together, and how many records it takes in a second at least.
const (
	pluginNanoseconds = 3000
	pluginRate        = 400_000
)

// byPlugin is P2 by a plugin, against the engine's own stages. What the plugin's process costs counts.
func (b *bench) byPlugin(ctx context.Context) error {
	if b.engine == nil {
		return nil
	}
	in, err := b.input(b.records)
	if err != nil {
		return err
	}
	b.progress("P2-plugin: building the plugin")
	binary := b.path("plugin")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(b.guests, "plugin")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the plugin: %w\n%s", err, text)
	}
	through := func(name string, hcl func(in, out string) string) *program {
		return &program{name: name, run: func(ctx context.Context, out string) error {
			return b.engine(ctx, hcl(in, out), bytes.NewReader(nil), io.Discard, engineOptions{plugin: binary})
		}}
	}
	const columns, records = "plugin, columns", "plugin, records"
	c := &contest{
		name:    "P2-plugin",
		records: b.records,
		programs: []*program{
			byHand("by hand, key order guessed", in, limit.FilterMap{Guess: true}.Run),
			b.ours("engine's stages", func(out string) string { return filterMapHCL(in, out, false) }),
			through(columns, columnPluginHCL),
			through(records, recordPluginHCL),
		},
		verify: sameContent,
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	for _, name := range []string{columns, records} {
		b.judgeCost(c, name, pluginNanoseconds)
		b.judgeRate(c, name, pluginRate)
	}
	return nil
}

// columnPluginHCL is P2 by a plugin that adds a column.
func columnPluginHCL(in, out string) string {
	return fmt.Sprintf(`
pipeline "p2" {}
%s
source "file" "in" {
  path   = %s
  format = "json"
  schema = schema.telemetry
}

transform "bench_columns" "hot" {
  from        = source.in
  temperature = event.temperature
}

transform "map" "out" {
  from = transform.hot
  emit = {
    device_id = event.device_id
    f         = event.f
    site      = event.site
  }
}

sink "file" "out" {
  from   = transform.out
  path   = %s
  format = "json"
  fsync  = "never"
}
`, telemetrySchema, strconv.Quote(in), strconv.Quote(out))
}

// recordPluginHCL is P2 by a plugin that makes payloads of payloads.
func recordPluginHCL(in, out string) string {
	return fmt.Sprintf(`
pipeline "p2" {}

source "file" "in" {
  path   = %s
  format = "json"
}

transform "bench_records" "out" {
  from = source.in
}

sink "file" "out" {
  from   = transform.out
  path   = %s
  format = "json"
  fsync  = "never"
}
`, strconv.Quote(in), strconv.Quote(out))
}
