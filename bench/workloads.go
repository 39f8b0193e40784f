package main

import (
	"fmt"
	"strconv"
)

// telemetrySchema declares the fields of a line in their order.
const telemetrySchema = `
schema "telemetry" {
  fields = {
    device_id   = string
    ts          = int
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
// hand-written programs do, the sinks of P1 and P2 leave it to the system when
// the output reaches the disk.
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
