# Each of several processes reads some of the partitions, and what the stages keep goes with them.
source "topic" "in" {
  via    = connector.bus
  topic  = "${var.run}.${var.input}"
  key    = event.key
  schema = schema.reading
}
