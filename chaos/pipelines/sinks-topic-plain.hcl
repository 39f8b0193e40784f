sink "topic" "totals" {
  from  = transform.totals
  via   = connector.bus
  topic = "${var.run}.out.totals"
  key   = event.key
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
