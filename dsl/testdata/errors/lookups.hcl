source "tick" "in" {}

transform "seek" "nowhere" { # error: missing block: say where to look: lookup "KIND" { ... }; known: table
  from = source.in
  by   = event.n
  set  = { x = found.x }
}

transform "seek" "misspelt" {
  from = source.in
  lookup "tabel" { # error: unknown kind: there is no lookup kind "tabel"; did you mean "table"?
    fields = ["x"]
  }
  by  = event.n
  set = { x = found.x }
}

transform "seek" "empty" {
  from = source.in
  lookup "table" { # error: missing attribute: fields is missing: What is there.
    feilds = ["x"] # error: unknown attribute: lookup "table" has nothing called "feilds"; did you mean "fields"?
  }
  by  = event.n
  set = { x = found.x }
}

transform "seek" "fields" {
  from = source.in
  lookup "table" {
    fields = ["x"]
  }
  by  = event.n
  set = { x = found.y } # error: unknown field: found has no field y; it has x
}

sink "print" "out" {
  from = source.in
}
