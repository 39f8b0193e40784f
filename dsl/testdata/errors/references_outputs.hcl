source "tick" "in" {}

transform "route" "r" {
  from = source.in
  output "hot" {
    when = event.n > 1
  }
}

sink "print" "misspelt" {
  from = transform.r.hott # error: unknown output: transform.r has no output "hott"; did you mean "hot"?
}

sink "print" "which" {
  from = transform.r # error: which output: transform.r has several outputs; write transform.r.OUTPUT; known: hot, otherwise
}

sink "print" "unnamed" {
  from = source.in.hot # error: unknown output: source.in has one output, without a name
}
