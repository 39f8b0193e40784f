# Another server than the one that is written to.
source "topic" "in" {
  via    = connector.aside
  topic  = "${var.run}.${var.input}"
  schema = schema.reading
}
