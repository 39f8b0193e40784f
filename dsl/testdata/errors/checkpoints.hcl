pipeline "p" {
  checkpoint {
    interval   = "1ms" # error: invalid interval: interval must be at least
    durability = "fsnyc" # error: invalid durability: durability cannot be "fsnyc"; did you mean "fsync"?
  }
}

source "tick" "ticks" {}

transform "filter" "none" {
  from = source.ticks
  lookup "table" { # error: not allowed here: transform "filter" looks nothing up; take it out
    fields = ["x"]
  }
  where = true
}

sink "print" "out" {
  from = source.ticks
  spool {} # error: not allowed here: only sources have one; take it out
}
