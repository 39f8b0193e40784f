# Sinks whose receiver keeps an entry once, however often it is sent.

sink "http" "records" {
  from        = transform.reading
  url         = "${var.receiver}/records"
  max_records = 100
  timeout     = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

sink "http" "windows" {
  from        = transform.windows
  url         = "${var.receiver}/windows"
  max_records = 100
  timeout     = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

sink "http" "late" {
  from        = transform.windows.late
  url         = "${var.receiver}/late"
  max_records = 100
  timeout     = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

sink "http" "errors" {
  from        = errors
  url         = "${var.receiver}/errors"
  max_records = 100
  timeout     = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
