sink "http" "totals" {
  from        = transform.totals
  url         = "${var.receiver}/totals"
  max_records = 100
  timeout     = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
