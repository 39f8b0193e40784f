pipeline "lossy" {
  require = "at_least_once" # error: guarantee not met: source.ticks -> sink.out is at_most_once: source.ticks cannot be read again
}

source "tick" "ticks" {}

sink "print" "out" {
  from = source.ticks
}
