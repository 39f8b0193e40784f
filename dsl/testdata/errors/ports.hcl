source "tick" "in" {}

source "feed" "orders" {}

transform "pair" "alone" {
  from = source.in # error: which input: transform "pair" has the inputs left, right; write from = { left = source.NAME, right = source.NAME }
  emit = { n = 1 }
}

transform "pair" "missing" {
  from = { left = source.in } # error: missing input: the input right is missing; write { left = ..., right = ... }
  emit = { n = 1 }
}

transform "pair" "misspelt" {
  from = { left = source.in, rihgt = source.in } # error: unknown input: there is no input "rihgt"; did you mean "right"?
  emit = { n = 1 }
}

transform "pair" "twice" {
  from = { left = source.in, left = source.in, right = source.in } # error: duplicate input left: first declared
  emit = { n = 1 }
}

transform "pair" "same" {
  from = { left = [source.in, source.in], right = source.in } # error: duplicate input source.in: first declared
  emit = { n = 1 }
}

transform "pair" "unknown" {
  from = { left = source.inn, right = [] } # error: unknown reference: there is no source.inn; did you mean "source.in"? | error: empty from: the list names no stage
  emit = { n = 1 }
}

transform "filter" "named" {
  from  = { left = source.in } # error: no named inputs: transform "filter" has one input
  where = true
}

sink "print" "out" {
  from = source.in
}
