# One stream for all: a line of it is a record and its total.
transform "reduce" "totals" {
  from    = transform.reading
  key     = event.key
  initial = { n = 0, sum = 0 }
  update  = { n = state.n + 1, sum = state.sum + event.value }
  emit = {
    id    = event.id
    key   = event.key
    seq   = event.seq
    value = event.value
    n     = state.n
    sum   = state.sum
  }
}
