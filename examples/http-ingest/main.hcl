# Devices send their readings over HTTP; they land in a file.

pipeline "http_ingest" {
  version = "1.0.0"
}

variable "listen" {
  type        = string
  default     = "127.0.0.1:8080"
  description = "address to take requests at"
}

variable "output" {
  type        = string
  default     = "readings.ndjson"
  description = "file to write to"
}

schema "reading" {
  fields = {
    device = string
    temp_c = optional(float)
    ts     = time
  }
}

source "http" "ingest" {
  listen   = var.listen
  path     = "/readings"
  max_body = "1MiB"
  schema   = schema.reading
}

transform "filter" "usable" {
  from  = source.ingest
  where = event.temp_c != null # from here on, temp_c is a number
}

transform "map" "reading" {
  from = transform.usable
  set = {
    temp_f   = event.temp_c * 9 / 5 + 32
    received = meta.received
  }
}

# A request is answered with 200 only when its readings are on disk.
sink "file" "readings" {
  from  = transform.reading
  path  = var.output
  fsync = "always"
}

sink "file" "errors" {
  from = errors
  path = "${var.output}.errors"
}

test "a reading without a temperature is no news" {
  given {
    at = source.ingest
    rows = [
      { device = "d1", temp_c = 20, ts = "2026-01-01T00:00:00Z" },
      { device = "d1", ts = "2026-01-01T00:00:01Z" },
    ]
  }
  expect {
    at   = sink.readings
    rows = [{ device = "d1", temp_c = 20, temp_f = 68 }]
  }
}
