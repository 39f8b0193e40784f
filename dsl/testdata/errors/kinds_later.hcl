source "mongo" "store" {} # error: not available yet: the source kind "mongo" is for a later version; known: feed, listen, once, tick

source "tick" "in" {}

transform "wasm" "w" { # error: not available yet: the transform kind "wasm"
  from = source.in
}

sink "mongo" "history" { # error: not available yet: the sink kind "mongo"
  from = source.in
}
