source "tick" "in" {}

transform "filter" "a" {
  from  = [source.in, transform.c] # error: stages form a cycle: transform.a -> transform.b -> transform.c -> transform.a
  where = true
}

transform "filter" "b" {
  from  = transform.a
  where = true
}

transform "filter" "c" {
  from  = transform.b
  where = true
}

sink "print" "out" {
  from = transform.c
}
