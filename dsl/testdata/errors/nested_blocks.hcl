source "tick" "in" {}

transform "route" "empty" { # error: missing block: output { ... } is missing: Where records go.
  from = source.in
}

transform "route" "double" {
  from = source.in
  output "a" {
    when = event.n > 1
  }
  output "a" { # error: duplicate output a: first declared at testdata/errors/nested_blocks.hcl:9
    when = event.n > 2
  }
  output "b" { # error: missing attribute: when is missing
  }
  output "c" {
    when  = true
    whenn = true # error: unknown attribute: block output has nothing called "whenn"; did you mean "when"?
  }
}

sink "print" "out" {
  from = source.in
  retry {
    max     = -1     # error: invalid max: max must be at least 0, not -1
    backof  = "1s"   # error: unknown attribute: did you mean "backoff"?
  }
}
