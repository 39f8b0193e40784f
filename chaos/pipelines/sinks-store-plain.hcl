sink "mongo" "totals" {
  from       = transform.totals
  via        = connector.bus
  collection = "out.totals"
  id         = [event.id]
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
