variable "token" {
  sensitive = true
  default   = "hunter2"
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}

output "none" {} # error: incomplete output: an output has a value

output "stream" {
  value = source.inn # error: unknown reference: did you mean "source.in"?
}

output "shown" {
  value = var.token # error: secret shown: value would show a secret
}

renamed { # error: incomplete renamed: write from = the former address
  from = transform.old
}

renamed {
  from = source.in # error: still there: source.in is declared at
  to   = source.in
}

renamed {
  from = source.before
  to   = source.im # error: unknown stage: there is no source.im; did you mean "source.in"?
}

renamed {
  from = "x"       # error: not an address: an address is source.NAME, transform.NAME or sink.NAME
  to   = source.in
}
