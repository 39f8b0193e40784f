# Readings of a machine's temperature, in Fahrenheit, become alarms in Celsius.

pipeline "machine_health" {
  version = "1.0.0"
}

variable "input" {
  type        = string
  default     = "" # the sample next to this file
  description = "CSV file with the columns timestamp (UTC) and value (°F)"
}

variable "results" {
  type        = string
  default     = "" # the folder results next to this file
  description = "folder to write to"
}

locals {
  input   = var.input != "" ? var.input : "${path.pipeline}/sample.csv"
  results = var.results != "" ? var.results : "${path.pipeline}/results"
}

setting "limit_c" {
  type    = float
  default = 40
  range   = [-50, 150]
  label   = "Alarm above (°C)"
}

schema "reading" {
  fields = {
    timestamp = time("2006-01-02 15:04:05") # how a time is written here, in Go's way
    value     = float
  }
}

source "file" "machine" {
  path   = local.input
  format = "csv"
  schema = schema.reading
}

transform "map" "celsius" {
  from = source.machine
  emit = {
    at     = event.timestamp
    temp_c = round((event.value - 32) * 5 / 9, 2)
  }
}

transform "filter" "running" {
  from  = transform.celsius
  where = event.temp_c >= 10 # a machine at rest is as cold as the hall
}

transform "route" "verdict" {
  from = transform.running
  output "alarm" {
    when = event.temp_c > setting.limit_c
  }
  output "warning" {
    when = event.temp_c > setting.limit_c - 2
  }
  # the rest leaves by transform.verdict.otherwise
}

transform "map" "alarm" {
  from = transform.verdict.alarm
  set = {
    over_c = round(event.temp_c - setting.limit_c, 2)
    text   = "${event.temp_c} °C at ${time::format(event.at, "15:04")}"
  }
}

sink "file" "alarms" {
  from   = transform.alarm
  path   = "${local.results}/alarms.ndjson"
  append = false
}

sink "file" "warnings" {
  from   = transform.verdict.warning
  path   = "${local.results}/warnings.ndjson"
  append = false
}

sink "discard" "normal" {
  from = transform.verdict.otherwise
}

# Each hour of it, by the time of the readings: a recording of any age gives what
# the machine gave when it ran.
transform "window" "hour" {
  from     = transform.running
  time     = event.at
  tumbling = "1h"
  emit = {
    hour   = window.start
    mean_c = round(agg::avg(event.temp_c), 2)
    peak_c = agg::max(event.temp_c)
    hot    = agg::count_if(event.temp_c > setting.limit_c)
    n      = agg::count()
  }
}

sink "file" "hours" {
  from   = transform.hour
  path   = "${local.results}/hours.csv"
  format = "csv"
  append = false
}

# A second reader of the same output: every record of it, in order.
sink "file" "history" {
  from   = transform.running
  path   = "${local.results}/history.csv"
  format = "csv"
  append = false
}

# What is not a reading is kept, with the reason and the original bytes.
sink "file" "errors" {
  from   = errors
  path   = "${local.results}/errors.ndjson"
  append = false
}
