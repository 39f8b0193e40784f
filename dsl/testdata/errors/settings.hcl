# options: --set limit_c=99 --set limitc=1 --set mode=slow --set count=x
# anywhere: unknown setting: did you mean
# anywhere: setting out of range: --set limit_c: limit_c must be from -30 to 25, not 99
# anywhere: setting out of range: --set mode: mode cannot be "slow"; known: fast, steady
# anywhere: setting out of range: --set count: count must be int, which "x" is not
setting "limit_c" {
  type    = float
  default = 8
  range   = [-30, 25]
}

setting "mode" {
  type    = string
  default = "fast"
  options = ["fast", "steady"]
}

setting "count" {
  type    = int
  default = 1
}

setting "too_high" {
  type    = int
  default = 9 # error: setting out of range: too_high must be from 0 to 5, not 9
  range   = [0, 5]
}

setting "no_default" { type = int } # error: incomplete setting: a setting has a type and a default

setting "nested" {
  type    = list(int) # error: wrong type: a setting is bool, int, float, string, time or duration, not list(int)
  default = [1]
}

setting "range" {
  type    = string
  default = "a"
  range   = [0, 1] # error: invalid range: a range is [LOWEST, HIGHEST], of a setting that is a number
}

setting "options" {
  type    = int
  default = 1
  options = ["a"] # error: invalid options: options belong to a setting that is a string
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
