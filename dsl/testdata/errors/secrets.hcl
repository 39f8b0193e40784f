# options: --var token=hunter2
variable "token" {
  type      = string
  sensitive = true
}

locals {
  alias = var.token
}

source "tick" "in" {}

transform "filter" "a" {
  from  = source.in
  where = var.token == "x" # error: secret in an event expression: var.token is secret
}

transform "filter" "b" {
  from  = source.in
  where = local.alias == "x" # error: secret in an event expression: local.alias is secret
}

sink "upsert" "out" {
  from  = [transform.a, transform.b]
  url   = var.token # error: invalid url: url cannot be a secret
  token = var.token
}

sink "upsert" "scheme" {
  from  = source.in
  url   = "db://x"
  token = secret("vault:x") # error: no value: a secret is read from secret("env:NAME") or secret("file:PATH")
}

sink "upsert" "unset" {
  from  = source.in
  url   = "db://x"
  token = secret("env:ABSENT") # error: no value: the environment variable ABSENT is not set
}

sink "upsert" "file" {
  from  = source.in
  url   = env("ABSENT") # error: no value: the environment variable ABSENT is not set
  token = secret("file:absent") # error: no value: testdata/errors/absent does not exist
}
