# What the devices of a plant would do: send readings to the broker. Here they come from a file.

pipeline "devices" {}

variable "broker" {
  type    = string
  default = "127.0.0.1:1883"
}

connector "mqtt" "plant" {
  url = "mqtt://${var.broker}"
}

source "file" "readings" {
  path = "${path.pipeline}/sample.ndjson"
}

sink "topic" "plant" {
  from  = source.readings
  via   = connector.plant
  topic = "plant.${event.site}.${event.device}.temp"
}

sink "stdout" "errors" {
  from = errors
}
