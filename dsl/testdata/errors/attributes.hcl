source "feed" "in" {
  pth   = "a"      # error: unknown attribute: source "feed" has nothing called "pth"; did you mean "path"?
  from  = source.x # error: not allowed here: a source brings records in and has no from
  retry {          # error: not allowed here: only sinks try again
  }
}

source "tick" "columns" {
  format = "json" # error: not allowed here: source "tick" has no encoded records
  key    = "x"    # error: not allowed here: source "tick" keeps nothing per key
}

transform "filter" "f" {
  from  = source.in
  key   = event.x # error: not allowed here: transform "filter" keeps nothing per key
  where = true
}

sink "print" "out" {
  from   = [transform.f, source.columns]
  schema = schema.x # error: not allowed here: schemas belong to sources
}
