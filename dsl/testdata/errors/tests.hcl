setting "limit" {
  type    = int
  default = 1
  range   = [0, 5]
}

variable "v" {
  type    = int
  default = 1
}

schema "reading" {
  fields = { device = string, n = int }
}

source "feed" "in" {
  schema   = schema.reading
  on_error = "drop"
}

sink "print" "out" {
  from = source.in
}

transform "map" "texts" {
  from = source.in
  emit = { n = event.n, text = event.device }
}

sink "print" "texts" {
  from = transform.texts
}

test "strings" {
  expect {
    at = sink.texts
    rows = [
      "a", "b", # error: not a record: a row is an object here, since the records have no payload that a string could be: write { text = "..." }
      "c", 7, # error: not a record: write { text = "..." } | error: not a record: a row is an object
    ]
  }
}

test "empty" {} # error: empty test: a test says what it expects

test "names" {
  settings = { limt = 1, limit = 9 } # error: invalid settings: did you mean "limit"? | error: invalid settings: limit must be from 0 to 5, not 9
  vars     = { x = 1, v = "many" } # error: invalid vars: there is no variable "x" | error: invalid vars: v must be int
  now      = "noon" # error: wrong type: now must be a time such as
  given {
    at   = sink.out # error: not a source: records are given to sources
    rows = []
  }
  given {
    at   = source.in
    rows = [
      { devise = "a" }, # error: unknown field: the records here have no field "devise"; did you mean "device"?
      5,                # error: not a record: a row is an object, or a string that is a record in the format json
      { device = "a", device = "b" }, # error: duplicate field device: first declared at
      "{\"device\":1}",
    ]
  }
  given {
    at   = source.in # error: duplicate given: source.in is given its rows above
    rows = []
  }
  given { # error: incomplete given: write at = source.NAME
  }
  expect {
    at    = sink.outt # error: unknown address: there is no sink.outt; did you mean "sink.out"?
    count = 1
  }
  expect {
    at    = source.in.hot # error: unknown output: source.in has one output
    count = 1
  }
  expect {
    at    = sink.out
    count = -1           # error: invalid count: count must not be negative
    where = event.device # error: wrong type: where must be bool, not string
    rows  = "x"          # error: not a list: write rows
  }
  expect { # error: incomplete expect: write at = sink.NAME
    count = 1
  }
  expect {
    at    = "sink.out" # error: not a reference: at is a reference
    count = 1
  }
}

test "names" { # error: duplicate test "names": first declared at
  expect { at = errors }
}
