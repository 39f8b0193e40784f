schema "reading" {
  fields = {
    device = string
    temp_c = optional(float)
  }
}

variable "limit" { default = 3 }

source "feed" "in" {
  schema   = schema.reading
  on_error = "drop"
}

transform "filter" "type" {
  from  = source.in
  where = event.device # error: wrong type: where must be bool, not string
}

transform "filter" "always_null" {
  from  = source.in
  where = null # error: missing attribute: where must not be null
}

transform "filter" "variable" {
  from  = source.in
  where = event.device == var.limitt # error: unknown variable: did you mean "limit"?
}

transform "filter" "block" {
  from  = source.in
  where = event.device == source.in # error: reference used as a value: source.in names a block
}

transform "limit" "key" {
  from = source.in
  key  = event.temp_c # error: may be null: a record needs a key
  rate = 1
}

transform "map" "list" {
  from = source.in
  emit = [event.device] # error: not an object: write emit = { NAME = EXPRESSION, ... }
}

transform "filter" "secret" {
  from  = source.in
  where = event.device == secret("env:PRESENT") # error: secret in an event expression: records must not carry secrets
}

sink "print" "out" {
  from = [
    transform.type, transform.always_null, transform.variable, transform.block,
    transform.key, transform.list, transform.secret,
  ]
}
