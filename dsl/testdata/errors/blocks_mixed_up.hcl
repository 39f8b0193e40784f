source "tick" "in" {}

sink "print" "out" {
  from  = source.in
  retry = { max = 3 } # error: block written as an attribute: write retry { ... } without the equals sign
}

sink "print" "other" { # error: missing from: a sink takes its records from other stages
  from { # error: attribute written as a block: write from = { ... }
  }
}

transform "route" "r" {
  from   = source.in
  output = {} # error: block written as an attribute: write output "NAME" { ... }
}
