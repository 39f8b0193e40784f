pipeline "" {} # error: empty name: a pipeline has a name

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
