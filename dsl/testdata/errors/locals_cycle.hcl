locals {
  a = local.b # error: locals refer to each other: local.a -> local.b -> local.c -> local.a
  b = "x${local.c}"
  c = local.a
  d = local.d # error: locals refer to each other: local.d -> local.d
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
