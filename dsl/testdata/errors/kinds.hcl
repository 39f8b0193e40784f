source "tik" "in" {} # error: unknown kind: there is no source kind "tik"; did you mean "tick"?

transform "fliter" "f" { # error: unknown kind: did you mean "filter"?
  from  = source.in
  where = true
}

sink "kafka" "out" { # error: unknown kind: known: print, send, upsert
  from = transform.f
}
