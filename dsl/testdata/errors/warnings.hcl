source "feed" "in" {} # warning: nobody takes the errors: sink that has from = errors

transform "route" "r" { # warning: nobody takes the records: no stage has from = transform.r.otherwise
  from = source.in
  output "hot" {
    when = event.n == 1
  }
}

transform "filter" "f" { # warning: nobody takes the records: no stage has from = transform.f
  from  = source.in
  where = true
}

sink "print" "out" {
  from = transform.r.hot
}
