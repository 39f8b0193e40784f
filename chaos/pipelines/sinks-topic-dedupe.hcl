sink "topic" "uniques" {
  from  = transform.once
  via   = connector.bus
  topic = "${var.run}.out.uniques"
  key   = event.key
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
