# Totals as in stages-plain.hcl, by a WebAssembly module that keeps them in its state. Values that are negative tell it
# to do harm: these records fail, and do not count.
transform "wasm" "totals" {
  from   = transform.reading
  key    = event.key
  module = "${var.dir}/tally.wasm"
  value  = event
  limits {
    time  = "100ms"
    calls = 100000
  }
}

transform "window" "windows" {
  from     = transform.reading
  key      = event.key
  time     = event.ts
  tumbling = "1s"
  lateness = "2s"
  idle     = "24h" # a device that is silent is only behind in its file
  emit = {
    key   = key
    start = window.start
    n     = agg::count()
    sum   = agg::sum(event.value)
  }
}
