plugin "acme" {
  source = "./bin/acme"
}

plugin "spare" { # warning: unused plugin: no stage is of a kind of plugin spare, whose names begin with spare_
  source = "./bin/spare"
}

source "tick" "in" {}

transform "seek" "s" {
  from = source.in
  lookup "acme_table" {
    fields = ["x"]
  }
  by  = event.n
  set = { x = found.x }
}

sink "print" "out" {
  from = transform.s
}
