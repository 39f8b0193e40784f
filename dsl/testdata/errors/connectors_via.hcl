source "tick" "in" {
  via = connector.plant # error: unknown connector: there is no connector "plant"; there are none
}

sink "print" "out" {
  from = source.in
}
