# Accepted is what the bus has confirmed.
source "topic" "in" {
  via    = connector.bus
  topic  = "${var.run}.${var.input}"
  schema = schema.reading
}
