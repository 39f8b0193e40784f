source "tick" "in" {
  every = # error: Invalid expression: Expected the start of an expression
}
