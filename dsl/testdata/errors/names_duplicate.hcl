source "tick" "in" {}

source "tick" "in" {} # error: duplicate source in: first declared at testdata/errors/names_duplicate.hcl:1

source "tick" "a b" {} # error: invalid name: "a b" cannot be a name

variable "v" { default = 1 }

variable "v" { default = 2 } # error: duplicate variable v: first declared at testdata/errors/names_duplicate.hcl:7

locals {
  l = 1
}

locals {
  l = 2 # error: duplicate local l: first declared at testdata/errors/names_duplicate.hcl:12
}

schema "s" {
  fields = {
    x = int
    x = int # error: duplicate field x: first declared at testdata/errors/names_duplicate.hcl:21
  }
}

sink "print" "out" {
  from = [
    source.in,
    source.in, # error: duplicate input source.in: first declared at testdata/errors/names_duplicate.hcl:28
  ]
}
