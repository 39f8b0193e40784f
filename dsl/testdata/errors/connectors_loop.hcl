connector "bus" "line" {
  url = "line://one"
}

connector "bus" "other" {
  url = "line://two"
}

source "listen" "in" {
  via      = connector.line
  topic    = "a"
  on_error = "drop"
}

source "listen" "aside" {
  via      = connector.line
  topic    = "b"
  on_error = "drop"
}

transform "filter" "hot" {
  from     = source.in
  where    = event.n > 8
  on_error = "drop"
}

sink "send" "round" {
  from  = transform.hot
  via   = connector.line
  topic = "a" # warning: records come back: source.in reads the topic "a": what is written there comes in again
}

sink "send" "on" {
  from  = transform.hot
  via   = connector.line
  topic = "b" # warning: records come back: source.aside reads the topic "b", sink.apart writes what becomes of it to "a", and source.in reads that: what is written there comes in again
}

sink "send" "elsewhere" {
  from  = source.in
  via   = connector.other
  topic = "a"
}

sink "send" "apart" {
  from  = source.aside
  via   = connector.line
  topic = "a"
}

sink "send" "each" {
  from  = source.in
  via   = connector.line
  topic = string(event.n)
}
