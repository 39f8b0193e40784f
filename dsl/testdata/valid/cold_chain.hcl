pipeline "cold_chain" {
  version = "1.4.0"
  require = "at_least_once"
}

variable "unit" {
  type    = string
  default = "C"
}

setting "limit_c" {
  type    = float
  default = 8
  range   = [-30, 25]
  scope   = ["site", "device"]
  label   = "Alarm above (°C)"
}

locals {
  prefix = "${local.unit}-${var.unit}"
  unit   = "unit"
}

schema "reading" {
  fields = {
    device = string
    site   = string
    temp_c = optional(float)
    ts     = time
  }
}

source "feed" "sensors" {
  format = "csv"
  schema = schema.reading
  path   = "plant.csv"
  max    = "64KiB"
  poll   = "1m30s"
  csv {
    delimiter = ";"
  }
}

transform "filter" "usable" {
  from  = source.sensors
  where = event.temp_c != null
}

transform "map" "named" {
  from = transform.usable
  emit = {
    unit   = "${local.prefix}"
    device = event.device
    peak_c = event.temp_c
  }
}

transform "route" "verdict" {
  from = transform.named
  output "hot" {
    when = event.peak_c > setting.limit_c
  }
}

sink "print" "alerts" {
  from = transform.verdict.hot
  key  = event.device
}

sink "upsert" "history" {
  from  = [transform.verdict.otherwise, transform.verdict.hot]
  url   = "db://store"
  token = secret("env:PRESENT")
  retry {
    max     = 8
    backoff = "500ms"
  }
}

sink "print" "dead" {
  from = errors
}

output "hot" {
  value       = transform.verdict.hot
  description = "What is too warm."
}

output "limits" {
  value = { unit = var.unit, range = [-30, 25] }
}

renamed {
  from = transform.usable_readings
  to   = transform.usable
}

test "one warm reading" {
  settings = { limit_c = 8.5 }
  vars     = { unit = "F" }
  env      = { PRESENT = "no" }
  now      = "2026-02-03T04:05:06Z"
  given {
    at = source.sensors
    rows = [
      { device = "d1", site = "oslo", temp_c = 11.5, ts = "2026-01-01T00:00:10Z" },
      { ts = "2026-01-01T00:00:20Z", site = "oslo", device = "d1" },
      "d2;oslo;;2026-01-01T00:00:30Z",
    ]
  }
  expect {
    at    = sink.alerts
    count = 1
    where = event.peak_c == 11.5
    rows  = [{ device = "d1" }]
  }
  expect {
    at    = errors
    count = 0
  }
  expect {
    at = transform.verdict.hot
  }
}
