# Readings that are kept in MongoDB: each of them once, however often it comes, and what is
# known of a device in one document.

pipeline "mongo_history" {
  version = "1.0.0"
  require = "effectively_once"
}

variable "uri" {
  type        = string
  default     = "mongodb://127.0.0.1:27017/plant"
  description = "where MongoDB is, and the database"
}

schema "reading" {
  fields = {
    device = string
    temp_c = float
    ts     = time
  }
}

connector "mongo" "store" {
  uri = var.uri
}

source "file" "readings" {
  path   = "${path.pipeline}/readings.ndjson"
  schema = schema.reading
}

# The _id is {device, ts}, and ts a date: the schema says so.
sink "mongo" "history" {
  from       = source.readings
  via        = connector.store
  collection = "readings"
  id         = [event.device, event.ts]
}

sink "mongo" "devices" {
  from       = source.readings
  via        = connector.store
  collection = "devices"
  mode       = "upsert"
  id         = [event.device]
  update {
    set = { seen = event.ts, temp_c = event.temp_c }
    max = { peak_c = event.temp_c }
  }
}

# What MongoDB refuses, such as a record without a device.
sink "stdout" "refused" {
  from = errors
}

test "every reading is written to both" {
  given {
    at   = source.readings
    rows = [{ device = "d1", temp_c = 80.5, ts = "2026-01-05T06:00:00Z" }]
  }
  expect {
    at    = sink.history
    count = 1
    where = event.device == "d1"
  }
  expect {
    at    = sink.devices
    count = 1
  }
}
