# The same as in stages-plain.hcl, right behind the source, whose key they have: what they keep goes with its partitions.

transform "reduce" "totals" {
  from    = source.in
  key     = event.key
  initial = { n = 0, sum = 0 }
  update  = { n = state.n + 1, sum = state.sum + event.value }
  emit = {
    id  = event.id
    key = event.key
    n   = state.n
    sum = state.sum
  }
}

transform "window" "windows" {
  from     = source.in
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
