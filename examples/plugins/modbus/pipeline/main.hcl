# A press that is polled over Modbus TCP: what is hot or cannot be read becomes an alert on the screen.

plugin "plant" {
  source = "./bin/onstream-modbus"
}

pipeline "press" {}

variable "address" {
  type    = string
  default = "127.0.0.1:5020" # onstream-modbus simulate
}

source "plant_modbus" "press" {
  address  = var.address
  device   = "press-4"
  interval = "500ms"

  register "oil_c" {
    kind    = "input"
    address = 100
    type    = "int16"
    scale   = 0.1
    unit    = "°C"
  }
  # In the next two registers of the same table: one request reads both.
  register "pressure" {
    kind    = "input"
    address = 101
    type    = "float32"
    unit    = "bar"
  }
  register "strokes" {
    address = 10
    type    = "uint32"
  }
  register "running" {
    kind    = "coil"
    address = 7
  }
}

transform "route" "verdict" {
  from = source.press
  output "unread" {
    when = event.quality != "good"
  }
  output "hot" {
    when = default(event.oil_c, 0.0) > 50
  }
  # the rest leaves by transform.verdict.otherwise
}

sink "stdout" "screen" {
  from = [transform.verdict.hot, transform.verdict.unread]
}

sink "discard" "fine" {
  from = transform.verdict.otherwise
}
