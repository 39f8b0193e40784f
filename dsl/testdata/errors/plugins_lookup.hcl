plugin "acme" {
  source = "./bin/acme"
}

source "tick" "in" {}

transform "seek" "misspelt" {
  from = source.in
  lookup "acme_chair" {} # error: unknown kind: plugin acme has no lookup "chair"; known: acme_table
  by  = event.n
  set = { x = found.x }
}

sink "print" "out" {
  from = source.in
}
