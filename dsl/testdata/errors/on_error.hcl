source "tick" "in" {
  on_error = "ignore" # error: unknown way to treat errors: known: drop, errors, fail
}

sink "print" "out" {
  from     = source.in
  on_error = "drops" # error: unknown way to treat errors: did you mean "drop"?
}
