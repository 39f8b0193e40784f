connector "mqtt" "plant" { # error: unknown connector kind: no connector kinds are available yet
  url = "mqtt://localhost"
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
