# Totals as in stages-plain.hcl, of records that have gone through a plugin, which writes them, too. Values that are negative tell
# it to do harm: these records fail, and do not count.

plugin "harness" {
  source = "${var.dir}/harness"
  limits {
    start   = "3s" # one that stands still while it starts is found out in the time that a run gives
    timeout = "2s"
    restart = 100000
  }
}

transform "harness_pass" "passed" {
  from  = transform.reading
  value = event.value
}

transform "reduce" "totals" {
  from    = transform.passed
  key     = event.key
  initial = { n = 0, sum = 0 }
  update  = { n = state.n + 1, sum = state.sum + event.passed }
  emit = {
    id  = event.id
    key = event.key
    n   = state.n
    sum = state.sum
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
