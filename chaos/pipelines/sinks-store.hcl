# What is written again is the same document.

sink "mongo" "records" {
  from       = transform.reading
  via        = connector.bus
  collection = "out.records"
  id         = [event.id]
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

# One field, of which the server has an index: it looks through all documents for an id that is an object.
transform "map" "named" {
  from = transform.windows
  emit = {
    id    = "${event.key}@${event.start}"
    key   = event.key
    start = event.start
    n     = event.n
    sum   = event.sum
  }
}

sink "mongo" "windows" {
  from       = transform.named
  via        = connector.bus
  collection = "out.windows"
  id         = [event.id]
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

sink "mongo" "late" {
  from       = transform.windows.late
  via        = connector.bus
  collection = "out.late"
  id         = [event.id]
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}

sink "mongo" "errors" {
  from       = errors
  via        = connector.bus
  collection = "out.errors"
  id         = [event.payload]
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
