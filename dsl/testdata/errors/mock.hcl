schema "reading" {
  fields = { device = string, n = int }
}

source "feed" "in" {
  schema   = schema.reading
  on_error = "drop"
}

transform "map" "made" {
  from = source.in
  emit = { n = event.n, name = event.device }
}

transform "map" "second" {
  from = transform.made
  set  = { x = 1 }
}

sink "print" "out" {
  from = transform.second
}

test "mocks" {
  mock {
    at   = transform.made
    rows = [
      { n = 1 },
      { m = 1 }, # error: unknown field: the records here have no field "m"
      { n = "many" }, # error: wrong type: n must be int
      "{}", # error: not a record: a row is an object
    ]
  }
  mock {
    at   = transform.made # error: duplicate mock: transform.made is given its rows above; put them into one list
    rows = []
  }
  mock {
    at   = source.in # error: not a transform: a mock is what a transform gives, and not what fails in it; known: transform.made, transform.second
    rows = []
  }
  mock {
    at   = transform.made.errors # error: not a transform: a mock is what a transform gives, and not what fails in it
    rows = []
  }
  mock {
    at   = transform.made.late # error: unknown output: transform.made has one output
    rows = []
  }
  mock { # error: incomplete mock: write at = transform.NAME, or transform.NAME.OUTPUT, and rows = [{ FIELD = VALUE, ... }, ...]
    at = transform.made
  }
  mock {
    at   = transform.second
    rows = []
    att  = 1 # error: unknown attribute: mock has nothing called "att"; did you mean "at"?
  }
  expect { at = sink.out }
}
