source "feed" "in" {
  path = ["a", ""] # error: invalid configuration: a path must not be empty
}

transform "map" "both" { # error: invalid configuration: map takes one of emit and set
  from = source.ticks
  emit = { n = event.n }
  set  = { n = event.n }
}

transform "map" "item" {
  from = source.ticks
  emit = {
    n         = event.n
    forbidden = event.n # error: invalid configuration: this field is forbidden
  }
}

transform "route" "r" {
  from = source.ticks
  output "otherwise" {
    when = event.n > 1 # error: invalid configuration: the rest goes there anyway
  }
}

source "tick" "ticks" {}

sink "upsert" "out" {
  from = source.ticks
  url  = "nowhere" # error: invalid configuration: not a URL
}
