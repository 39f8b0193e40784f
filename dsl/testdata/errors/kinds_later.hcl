source "topic" "plant" {} # error: not available yet: the source kind "topic" is for a later version; known: feed, once, tick

source "mongo" "store" {} # error: not available yet: the source kind "mongo"

source "tick" "in" {}

transform "window" "minute" { # error: not available yet: the transform kind "window" is for a later version; known: filter, limit
  from = source.in
  size = "1m"
  emit = { n = count() }
}

transform "join" "j" { # error: not available yet: the transform kind "join"
  from = source.in
}

transform "dedupe" "d" { # error: not available yet: the transform kind "dedupe"
  from = source.in
}

transform "enrich" "e" { # error: not available yet: the transform kind "enrich"
  from = source.in
}

transform "reduce" "r" { # error: not available yet: the transform kind "reduce"
  from = source.in
}

transform "absence" "a" { # error: not available yet: the transform kind "absence"
  from = source.in
}

transform "wasm" "w" { # error: not available yet: the transform kind "wasm"
  from = source.in
}

sink "topic" "alerts" { # error: not available yet: the sink kind "topic" is for a later version; known: print, upsert
  from = transform.minute
}

sink "mongo" "history" { # error: not available yet: the sink kind "mongo"
  from = source.in
}
