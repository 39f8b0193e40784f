pipeline "own-bus" {}

connector "channel" "bus" {
  buffer = 10
}

source "timer" "clock" {
  every = "100ms"
  count = 20
}

sink "topic" "readings" {
  from  = source.clock
  via   = connector.bus
  topic = "plant.readings"
}

source "topic" "readings" {
  via      = connector.bus
  topic    = "plant.readings"
  on_error = "drop"
}

sink "stdout" "screen" {
  from = source.readings
}
