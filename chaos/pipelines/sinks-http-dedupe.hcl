sink "http" "uniques" {
  from        = transform.once
  url         = "${var.receiver}/uniques"
  max_records = 100
  timeout     = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
