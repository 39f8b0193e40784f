source "topic" "plant" {} # error: not available yet: the source kind "topic" is for a later version; known: feed, once, tick

source "mongo" "store" {} # error: not available yet: the source kind "mongo"

source "tick" "in" {}

transform "wasm" "w" { # error: not available yet: the transform kind "wasm"
  from = source.in
}

sink "topic" "alerts" { # error: not available yet: the sink kind "topic" is for a later version; known: print, upsert
  from = source.in
}

sink "mongo" "history" { # error: not available yet: the sink kind "mongo"
  from = source.in
}
