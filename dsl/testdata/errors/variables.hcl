# options: --var limt=3 --var count=many --var from_env=x
# anywhere: unknown variable: did you mean "limit"?
# anywhere: wrong type: --var count must be int, which "many" is not
variable "limit" { type = int } # error: missing variable: pass --var limit=VALUE, set ONSTREAM_VAR_limit

variable "count" { type = int }

variable "bad_default" {
  type    = int
  default = "x" # error: wrong type: variable bad_default must be int, not string
}

variable "bad_type" {
  type    = strng # error: unknown type: did you mean string?
  default = 1
}

variable "depends" {
  default = var.limit # error: default depends on other values: compute var.limit in a locals block
}

variable "from_env" {}

variable "hidden" {
  type      = int
  sensitive = true # error: wrong type: a sensitive variable is a string
  default   = 1
}

variable "typo" {
  typ = int # error: unknown attribute: did you mean "type"?
  default = 1
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
