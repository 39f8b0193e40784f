# Cold rooms send what they measure to the broker in this process. A behaviour in Go tells how long each of them has been too
# warm; when that is too long, an alert goes back onto the broker, as do minutes that were too warm. All minutes go to a file.

pipeline "cold_chain" {
  version = "1.0.0"
}

variable "listen" {
  type        = string
  default     = "127.0.0.1:1883"
  description = "address at which devices connect"
}

# What those turn who look after the rooms, while the pipeline runs.
setting "limit_c" {
  type    = float
  default = 8.0
  range   = [-40, 30]
  label   = "Too warm above (°C)"
}

variable "tolerance" {
  type        = duration
  default     = "2m"
  description = "how long it may be too warm"
}

variable "results" {
  type        = string
  default     = ""
  description = "folder of the files"
}

locals {
  results = var.results != "" ? var.results : "${path.pipeline}/results"
}

schema "reading" {
  fields = {
    device = string
    site   = string
    temp_c = optional(float)
    ts     = time
  }
}

connector "mqtt" "plant" {
  embedded {
    listen    = var.listen
    anonymous = true
  }
}

# plant/SITE/DEVICE/temp, as devices write it.
source "topic" "sensors" {
  via    = connector.plant
  topic  = "plant.*.*.temp"
  schema = schema.reading
}

transform "filter" "usable" {
  from  = source.sensors
  where = event.temp_c != null
}

# The folder is built when it has changed. The behaviour is given two columns and adds two; what it knows of a device is
# the pipeline's state. Its limit is hot: the setting reaches the module that runs.
transform "wasm" "excursion" {
  from   = transform.usable
  key    = event.device
  module = "./behaviours/excursion"
  inputs = {
    temp_c = event.temp_c
    at     = event.ts
  }
  config = {
    limit_c   = setting.limit_c
    tolerance = var.tolerance
  }
}

transform "filter" "alarms" {
  from  = transform.excursion
  where = event.alarm
}

transform "window" "minute" {
  from     = transform.excursion
  key      = event.device
  time     = event.ts
  tumbling = "1m"
  lateness = "30s"
  emit = {
    device    = key
    until     = window.end
    peak_c    = agg::max(event.temp_c)
    average_c = round(agg::avg(event.temp_c), 2)
    n         = agg::count()
  }
}

transform "route" "verdict" {
  from = transform.minute
  output "warm" {
    when = event.peak_c > setting.limit_c
  }
  # the rest leaves by transform.verdict.otherwise
}

sink "topic" "alerts" {
  from  = transform.alarms
  via   = connector.plant
  topic = "plant.alerts"
  key   = event.device
  body = {
    device   = event.device
    site     = event.site
    temp_c   = event.temp_c
    warm_for = string(event.warm_for)
    at       = event.ts
  }
}

sink "topic" "warm" {
  from  = transform.verdict.warm
  via   = connector.plant
  topic = "plant.minutes"
  key   = event.device
}

sink "file" "history" {
  from   = [transform.verdict.warm, transform.verdict.otherwise]
  path   = "${local.results}/minutes.csv"
  format = "csv"
}

# Readings that are later than that.
sink "file" "late" {
  from = transform.minute.late
  path = "${local.results}/late.ndjson"
}

# What is no reading, with the reason and the bytes.
sink "file" "dead" {
  from = errors
  path = "${local.results}/errors.ndjson"
}
