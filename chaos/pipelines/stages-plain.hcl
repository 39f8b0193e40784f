# State that a record counted twice, or not at all, spoils for good.

transform "reduce" "totals" {
  from    = transform.reading
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
