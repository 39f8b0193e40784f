source "tick" "in" {}

transform "fold" "sums" {
  from    = source.in
  key     = { a = event.n, b = event.at } # error: wrong type: write key = "${event.n} ${event.at}"
  initial = { n = 0 }
  update  = { n = state.n + 1 }
}

sink "print" "out" {
  from = transform.sums
}
