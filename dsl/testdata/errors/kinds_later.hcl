source "mongo" "store" {} # error: not available yet: the source kind "mongo" is for a later version; known: feed, listen, once, tick

source "tick" "in" {}

sink "mongo" "history" { # error: not available yet: the sink kind "mongo"
  from = source.in
}
