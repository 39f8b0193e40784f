source "tick" "in" {}

sink "print" "quoted" {
  from = "source.in" # error: not a reference: references stand without quotes: write from = source.in
}

sink "print" "misspelt" {
  from = source.inn # error: unknown reference: there is no source.inn; did you mean "source.in"?
}

sink "print" "role" {
  from = transform.in # error: unknown reference: did you mean "source.in"?
}

sink "print" "root" {
  from = sources.in # error: unknown reference: did you mean "source.in"?
}

sink "print" "sinks" {
  from = sink.quoted # error: a sink has no output: records leave the pipeline at sink.quoted
}

sink "print" "hidden_sink" {
  from = transform.quoted # error: unknown reference: sink.quoted has no output
}

sink "print" "modules" {
  from = module.x # error: not available yet: modules are for a later version
}

sink "print" "short" {
  from = source # error: not a reference: a reference is source.NAME
}

sink "print" "long" {
  from = source.in.a.b # error: not a reference: a reference is source.NAME
}

sink "print" "indexed" {
  from = source.in[0] # error: not a reference: an output is written source.in.OUTPUT
}

sink "print" "all_errors" {
  from = errors.x # error: not a reference: errors stands alone
}

sink "print" "computed" {
  from = upper(source.in) # error: not a reference: from is a reference such as source.NAME
}

sink "print" "ports" {
  from = { left = source.in } # error: no named inputs: sink "print" has one input
}

sink "print" "empty" {
  from = [] # error: empty from: the list names no stage
}

sink "print" "none" {} # error: missing from: write from = source.NAME

sink "print" "no_role" {
  from = in # error: unknown reference: there is no in; did you mean "source.in"?
}

sink "print" "no_role_output" {
  from = in.hot # error: unknown reference: there is no in.hot; did you mean "source.in.hot"?
}
