connector "bus" "line" {
  url = "line://one"
}

connector "store" "data" {}

source "listen" "lost" { # error: missing connection: source "listen" works over a connection: write via = connector.NAME; known: 
  topic = "a"
}

source "listen" "unknown" {
  via   = connector.lien # error: unknown connector: there is no connector "lien"; did you mean "line"?
  topic = "a"
}

source "listen" "other" {
  via   = connector.data # error: wrong connection: source "listen" needs a connection for "topic", and connector.data is one for "collection"
  topic = "a"
}

source "listen" "word" {
  via   = "line" # error: not a connector: via refers to a connector block: write via = connector.NAME
  topic = "a"
}

source "tick" "odd" {
  via = connector.line # error: no connection needed: source "tick" works without connector.line; take via out
}

sink "send" "out" { # error: missing connection: sink "send" works over a connection
  from = source.odd
}
