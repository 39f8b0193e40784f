# A fleet of machines, and what their readings come to: by the minute, as a
# trend, and by run. Their clocks differ, and the network delays and repeats.

pipeline "device_minutes" {
  version = "1.0.0"
}

variable "results" {
  type        = string
  default     = "" # the folder results next to this file
  description = "folder to write to"
}

locals {
  results = var.results != "" ? var.results : "${path.pipeline}/results"
}

# Six machines for two hours of their time, as fast as it goes.
source "simulate" "machines" {
  devices    = 6
  prefix     = "m-"
  rate       = 0
  count      = 7200
  interval   = "1s"
  start_time = "2026-01-05T06:00:00Z"

  signal "power_kw" {
    kind   = "sine"
    min    = 2
    max    = 9
    period = "40m"
    noise  = 0.5
  }
  faults {
    out_of_order = 0.05
    clock_skew   = "10m" # no two clocks agree, and it does not matter
    dropout      = 0.002
    dropout_for  = "8m" # a pause, which ends a run
  }
}

# Each minute of each machine, by the machine's own clock.
transform "window" "minute" {
  from     = source.machines
  key      = event.device
  time     = event.ts
  tumbling = "1m"
  lateness = "2s"  # so long a minute waits for readings that were overtaken
  early    = "30s" # a first result halfway, with final = false
  emit = {
    machine = key
    minute  = window.start
    final   = window.final
    kw      = round(agg::avg(event.power_kw), 2)
    peak_kw = agg::max(event.power_kw)
    n       = agg::count()
  }
}

transform "filter" "whole" {
  from  = transform.minute
  where = event.final
}

# Every five minutes, the half hour before.
transform "window" "trend" {
  from     = source.machines
  key      = event.device
  time     = event.ts
  hopping  = "30m"
  every    = "5m"
  lateness = "10s"
  emit = {
    machine   = key
    until     = window.end
    median_kw = agg::percentile(event.power_kw, 0.5)
    p95_kw    = agg::percentile(event.power_kw, 0.95)
  }
}

# A run lasts until nothing has come for five minutes.
transform "window" "run" {
  from     = source.machines
  key      = event.device
  time     = event.ts
  session  = "5m"
  lateness = "10s"
  emit = {
    machine = key
    from    = time::format(agg::min(event.ts), "15:04:05")
    to      = time::format(agg::max(event.ts), "15:04:05")
    kwh     = round(agg::avg(event.power_kw) * ((agg::max(event.ts) - agg::min(event.ts)) / duration("1h")), 2)
  }
}

sink "file" "minutes" {
  from   = transform.whole
  path   = "${local.results}/minutes.csv"
  format = "csv"
  append = false
}

sink "file" "trends" {
  from   = transform.trend
  path   = "${local.results}/trends.csv"
  format = "csv"
  append = false
}

sink "stdout" "runs" {
  from = transform.run
}

# What came when its minute was closed is kept, unchanged.
sink "file" "late" {
  from   = transform.minute.late
  path   = "${local.results}/late.ndjson"
  append = false
}

sink "file" "errors" {
  from   = errors
  path   = "${local.results}/errors.ndjson"
  append = false
}
