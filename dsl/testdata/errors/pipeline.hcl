pipeline "one" {
  version = 1                # error: wrong type: version must be string, not int
  require = "at_leest_once"  # error: unknown guarantee: did you mean "at_least_once"?
  speed   = "high"           # error: unknown attribute: a pipeline has nothing called "speed"
}

pipeline "two" {} # error: duplicate pipeline: the pipeline is named at

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
