schema "reading" {
  fields = {
    a    = floot # error: unknown type: did you mean float?
    b    = list  # error: incomplete type: list
  }
}

schema "none" {} # error: incomplete schema: a schema has fields

schema "list" {
  fields = [string] # error: invalid schema: write fields = { NAME = TYPE, ... }
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
