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

transform "route" "two" { # warning: nobody takes the records: no stage has from = transform.two.a, transform.two.otherwise; what
  from = source.in
  output "a" {
    when = event.n == 1
  }
}

transform "route" "many" { # warning: nobody takes the records: no stage has from = transform.many.a, transform.many.b, transform.many.c, and 2 more; what
  from = source.in
  output "a" {
    when = event.n == 1
  }
  output "b" {
    when = event.n == 2
  }
  output "c" {
    when = event.n == 3
  }
  output "d" {
    when = event.n == 4
  }
}
