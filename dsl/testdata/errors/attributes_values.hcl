source "feed" "in" {
  path  = [1]               # error: invalid path: path [0] must be string, not int
  mode  = "onse"            # error: invalid mode: mode cannot be "onse"; did you mean "once"?
  lines = 0                 # error: invalid lines: lines must be at least 1, not 0
  share = 1.5               # error: invalid share: share must be at most 1, not 1.5
  quiet = "yes"             # error: invalid quiet: quiet must be bool, not string
  poll  = "soon"            # error: invalid poll: poll must be a duration such as "1m30s", not "soon"
  max   = "64 miles"        # error: invalid max: max must be a size such as "64KiB"
  names = { a = 1 }         # error: invalid names: names ["a"] must be string, not int
  value = secret("env:PRESENT") # error: invalid value: cannot be a secret
  token = 5                 # error: invalid token: token must be string, not int
}

source "feed" "unit" {
  poll = 60 # error: invalid poll: poll must be a duration with its unit, such as "90s" or "1m30s", not 60
}

source "feed" "other" {
  lines = "7"    # error: invalid lines: lines must be int, not string
  poll  = "10us" # error: invalid poll: poll must be at least 1ms, not 10µs
  max   = -1     # error: invalid max: max must not be negative
  mode  = null
}

sink "upsert" "out" { # error: missing attribute: url is missing: Where the records go.
  from = [source.in, source.unit, source.other]
}
