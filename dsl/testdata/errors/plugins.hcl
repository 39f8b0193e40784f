plugin "acme" {
  source = "./bin/acme"
}

plugin "missing" {
  source = "./bin/missing" # error: invalid configuration: there is no program
}

plugin "changed" {
  source = "./bin/changed"
  sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" # error: invalid configuration: the program has another digest
}

plugin "greedy" {
  source = "./bin/greedy"
  limits {
    memory = "1KiB" # error: invalid configuration: too little to start
  }
}

plugin "mute" { # error: invalid configuration: it said nothing
  source = "./bin/mute"
}

plugin "unknown" { # error: plugin not started: plugin unknown was not started
  source = "./bin/unknown"
}

source "missing_thing" "quiet" {}

source "acme_tick" "in" {}

source "acme_tock" "near" {} # error: unknown kind: plugin acme has no source "tock"; did you mean "acme_tick"?

source "acmee_tick" "far" {} # error: unknown kind: there is no source kind "acmee_tick"; did you mean "acme_tick"?

transform "acme_seen" "none" { # error: unknown kind: plugin acme has no transform "seen": it has no transform at all; it has source "acme_tick", lookup "acme_table"
  from = source.in
}

transform "seek" "misspelt" {
  from = source.in
  lookup "acme_chair" {}
  by  = event.n
  set = { x = found.x }
}

sink "print" "out" {
  from = source.in
}
