package main

import (
	"fmt"
	"strconv"
)

// telemetrySchema and timedSchema declare the fields of a line in their order;
// in the second ts is a time, for the pipelines that ask what it is.
const (
	telemetrySchema = schemaBegin + `int` + schemaEnd
	timedSchema     = schemaBegin + `time("ms")` + schemaEnd
)

const schemaBegin = `
schema "telemetry" {
  fields = {
    device_id   = string
    ts          = `

const schemaEnd = `
    temperature = float
    humidity    = float
    vibration   = float
    status      = string
    site        = string
    fw          = string
  }
}
`

// passThroughHCL is P1. The payload is JSON that nobody looks into. As the
// hand-written programs do, the sinks of P1, P2 and P3 leave it to the system
// when the output reaches the disk.
func passThroughHCL(in, out string) string {
	return fmt.Sprintf(`
pipeline "p1" {}

source "file" "in" {
  path   = %s
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

// filterMapHCL is P2, with the telemetry's schema or, if dynamic, without.
func filterMapHCL(in, out string, dynamic bool) string {
	header, schema := telemetrySchema, "\n  schema = schema.telemetry"
	if dynamic {
		header, schema = "", ""
	}
	return fmt.Sprintf(`
pipeline "p2" {}
%s
source "file" "in" {
  path   = %s
  format = "json"%s
}
%s
sink "file" "out" {
  from   = transform.out
  path   = %s
  format = "json"
  fsync  = "never"
}
`, header, strconv.Quote(in), schema, hotFahrenheit(""), strconv.Quote(out))
}

// recordModuleHCL is P4 with a module that takes records.
func recordModuleHCL(in, out, module string) string {
	return foreignModuleHCL(in, out, module, "onstream")
}

// foreignModuleHCL is P4 with a module that was written for an interface.
func foreignModuleHCL(in, out, module, abi string) string {
	return fmt.Sprintf(`
pipeline "p4" {}

source "file" "in" {
  path   = %s
  format = "json"
}

transform "wasm" "out" {
  from   = source.in
  module = %s
  abi    = %s
}

sink "file" "out" {
  from   = transform.out
  path   = %s
  format = "json"
  fsync  = "never"
}
`, strconv.Quote(in), strconv.Quote(module), strconv.Quote(abi), strconv.Quote(out))
}

// columnModuleHCL is P4 with a module that takes columns.
func columnModuleHCL(in, out, module string) string {
	return fmt.Sprintf(`
pipeline "p4" {}
%s
source "file" "in" {
  path   = %s
  format = "json"
  schema = schema.telemetry
}

transform "wasm" "hot" {
  from   = source.in
  module = %s
  inputs = { temperature = event.temperature }
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
`, telemetrySchema, strconv.Quote(in), strconv.Quote(module), strconv.Quote(out))
}

// windowMeanHCL is P3.
func windowMeanHCL(in, out string) string {
	return fmt.Sprintf(`
pipeline "p3" {}
%s
source "file" "in" {
  path   = %s
  format = "json"
  schema = schema.telemetry
}
%s
sink "file" "out" {
  from   = transform.mean
  path   = %s
  format = "json"
  fsync  = "never"
}
`, timedSchema, strconv.Quote(in), tenSecondMean(""), strconv.Quote(out))
}

// keysHCL is the work of P3 for as long as a source tells of more: a file that
// is followed, or standard input where in is empty. Keys without records are
// kept.
func keysHCL(source, in, more string) string {
	if in != "" {
		in = "\n  follow = true\n  path   = " + strconv.Quote(in)
	}
	return fmt.Sprintf(`
pipeline "keys" {}

schema "reading" {
  fields = {
    device_id   = string
    ts          = time("ms")
    temperature = float
  }
}

source %q "in" {%s
  format = "json"
  schema = schema.reading
}
%s
sink "stdout" "out" {
  from   = transform.mean
  format = "json"
}
`, source, in, tenSecondMean(more))
}

// tenSecondMean is the work of P3; more are further attributes of the stage.
func tenSecondMean(more string) string {
	return fmt.Sprintf(`
transform "window" "mean" {
  from     = source.in
  key      = event.device_id
  time     = event.ts
  tumbling = "10s"%s
  emit = {
    device_id   = key
    end         = window.end
    temperature = agg::avg(event.temperature)
  }
}
`, more)
}

// latencyHCL is L: P2 from standard input to standard output. The send time
// goes along, which is how a record's latency is known at the other end.
func latencyHCL() string {
	return fmt.Sprintf(`
pipeline "latency" {}
%s
source "stdin" "in" {
  format = "json"
  schema = schema.telemetry
}
%s
sink "stdout" "out" {
  from   = transform.out
  format = "json"
}
`, telemetrySchema, hotFahrenheit("\n    ts        = event.ts"))
}

// hotFahrenheit is the work of P2; more goes into the record that it emits.
func hotFahrenheit(more string) string {
	return fmt.Sprintf(`
transform "filter" "hot" {
  from  = source.in
  where = event.temperature > 75
}

transform "map" "out" {
  from = transform.hot
  emit = {
    device_id = event.device_id
    f         = event.temperature * 9 / 5 + 32
    site      = event.site%s
  }
}
`, more)
}

// startHCL is what the start-up time is taken with: P2 over a short file to
// standard output.
func startHCL(in string) string {
	return fmt.Sprintf(`
pipeline "start" {}
%s
source "file" "in" {
  path   = %s
  format = "json"
  schema = schema.telemetry
}
%s
sink "stdout" "out" {
  from   = transform.out
  format = "json"
}
`, telemetrySchema, strconv.Quote(in), hotFahrenheit(""))
}

// startModuleHCL is startHCL by a module.
func startModuleHCL(in, module string) string {
	return fmt.Sprintf(`
pipeline "start" {}

source "file" "in" {
  path   = %s
  format = "json"
}

transform "wasm" "out" {
  from   = source.in
  module = %s
}

sink "stdout" "out" {
  from   = transform.out
  format = "json"
}
`, strconv.Quote(in), strconv.Quote(module))
}
