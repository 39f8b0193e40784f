# Another server than the one that is written to, of which nothing can be read again. The spool is so small that it
# is full soon: then the source is to wait, as one does that has none.
source "topic" "in" {
  via    = connector.aside
  topic  = "${var.run}.${var.input}"
  schema = schema.reading
  spool {
    max_size = "4MiB"
  }
}
