# The key of a record says where it goes, so that the records of a device keep their order.

sink "topic" "records" {
  from  = transform.reading
  via   = connector.bus
  topic = "${var.run}.out.records"
  key   = event.key
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

sink "topic" "windows" {
  from  = transform.windows
  via   = connector.bus
  topic = "${var.run}.out.windows"
  key   = event.key
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

sink "topic" "late" {
  from  = transform.windows.late
  via   = connector.bus
  topic = "${var.run}.out.late"
  key   = event.key
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

sink "topic" "errors" {
  from  = errors
  via   = connector.bus
  topic = "${var.run}.out.errors"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
