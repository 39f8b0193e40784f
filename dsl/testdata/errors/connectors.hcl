connector "mqtt" "plant" { # error: unknown kind: there is no connector kind "mqtt"; known: bus, store
  url = "mqtt://localhost"
}

connector "buss" "near" {} # error: unknown kind: there is no connector kind "buss"; did you mean "bus"?

connector "bus" "line" {
  url = "line://one"
}

connector "bus" "line" { # error: duplicate connector line: connector line was first declared at
  url = "line://two"
}

connector "bus" "bare" {} # error: missing attribute: url is missing: Where it is.

connector "bus" "odd" {
  url   = "line://one"
  speed = 9 # error: unknown attribute: connector "bus" has nothing called "speed"
}

connector "bus" "wrong" {
  url = "nowhere" # error: invalid configuration: nowhere is no URL
}

connector "bus" "late" {
  url = event.url # error: not available here: event is known for each record only
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
