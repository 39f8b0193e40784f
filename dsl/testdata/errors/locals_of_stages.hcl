schema "order" {
  fields = { machine = string, lot = int, at = optional(time) }
}

source "tick" "in" {}

source "feed" "orders" {
  schema = schema.order
}

transform "pair" "keys" {
  from = { left = source.in, right = source.orders }
  key  = { left = event.n, right = event.machine } # error: different keys: the key is int in left and string in right, so that none would meet; convert one of them
  emit = { n = left.n }
}

transform "pair" "fields" {
  from = { left = source.in, right = source.orders }
  key  = event.n # error: unknown field: the record has no field n; it has machine, lot, at
  emit = { n = left.n }
}

transform "pair" "times" {
  from = { left = source.in, right = source.orders }
  time = { left = event.at, right = event.at } # error: wrong type: time must be time and may be null here
  emit = { n = left.n }
}

transform "pair" "ports" {
  from = { left = source.in, right = source.orders }
  key  = { left = event.n } # error: missing input: the input right is missing
  emit = { n = left.n }
}

transform "pair" "results" {
  from = { left = source.in, right = source.orders }
  emit = {
    n   = event.n # error: not available here: event is not available in this place: here there are left, right
    lot = right.lot + 1 # error: value may be null: right.lot may be null here
    k   = state.k # error: not available here: state is not available in this place
    all = right # error: value may be null: right may be missing as a whole
  }
}

transform "fold" "types" {
  from    = source.in
  initial = { n = state.n } # error: not available here: state is not available in this place: it is available in a reduce stage only
  update  = { n = 1 }
}

transform "fold" "names" {
  from    = source.in
  initial = { n = 0 }
  update  = { n = state.m + 1 } # error: unknown field: state has no field m; it has n
}

transform "fold" "bare" {
  from    = source.in
  initial = { total = 0 }
  update  = { total = total + 1 } # error: unknown name: there is no total; did you mean state.total?
}

transform "tally" "groups" {
  from = source.in
  key  = event.n
  emit = {
    n     = event.n # error: not available here: event is of one record, and this is computed once for a group of them; say of which: agg::last(event.n)
    mean  = avg(event.n) # error: not an aggregate: this is computed once for a group of records; write agg::avg(event.n) to have it over all of them
    many  = count() + 1 # error: not an aggregate: this is computed once for a group of records; write agg::count() to have it over all of them
    worst = agg::mx(event.n) # error: unknown function: there is no function agg::mx; did you mean agg::max?
    again = agg::max(agg::max(event.n)) # error: aggregate in an aggregate: agg::max is computed once for a group of records
  }
}

transform "map" "elsewhere" {
  from = source.in
  emit = { n = agg::max(event.n) } # error: not available here: agg::max is available in emit of a window only
}

sink "print" "out" {
  from = source.in
}
