# Cold rooms report their temperature and their doors. Noticed is what should
# have come and did not, what came in a bad order or too often, and what adds up.

pipeline "watchdog" {
  version = "1.0.0"
}

variable "input" {
  type        = string
  default     = "" # the sample next to this file
  description = "file with one event a line"
}

setting "limit_c" {
  type    = float
  default = 8
  range   = [-30, 25]
  label   = "Warm above (°C)"
}

schema "event" {
  fields = {
    room   = string
    at     = time
    temp_c = optional(float)
    door   = optional(string) # "open" or "closed"
  }
}

source "file" "rooms" {
  path   = var.input != "" ? var.input : "${path.pipeline}/sample.ndjson"
  schema = schema.event
}

# Nothing for ten minutes: told once, and once more when the room is back.
transform "absence" "silent" {
  from = source.rooms
  key  = event.room
  time = event.at
  for  = "10m"
  emit = {
    room  = key
    at    = absence.at
    level = absence.status == "absent" ? "alert" : "note"
    text  = absence.status == "absent" ? "nothing since ${time::format(absence.last, "15:04")}" : "back after ${absence.gone}"
  }
}

transform "filter" "doors" {
  from  = source.rooms
  where = event.door != null
}

# One without the other: opened, and not closed again.
transform "detect" "left_open" {
  from    = transform.doors
  key     = event.room
  time    = event.at
  first   = event.door == "open"
  without = event.door == "closed"
  within  = "3m"
  emit = {
    room  = key
    at    = match.end
    level = "alert"
    text  = "the door is open since ${time::format(first.at, "15:04")}"
  }
}

# So many within a time.
transform "detect" "busy" {
  from   = transform.doors
  key    = event.room
  time   = event.at
  when   = event.door == "open"
  count  = 3
  within = "5m"
  emit = {
    room  = key
    at    = match.end
    level = "note"
    text  = "opened ${match.count} times in ${match.end - match.start}"
  }
}

transform "filter" "temperatures" {
  from  = source.rooms
  where = event.temp_c != null
}

# A state of one's own: a smoothed temperature, because each door lets air in.
transform "reduce" "smooth" {
  from    = transform.temperatures
  key     = event.room
  initial = { temp_c = event.temp_c, n = 0 }
  update = {
    temp_c = state.temp_c * 0.7 + event.temp_c * 0.3
    n      = state.n + 1
  }
  when = state.n >= 3 && state.temp_c > setting.limit_c
  emit = {
    room  = key
    at    = event.at
    level = "alert"
    text  = "${round(state.temp_c, 1)} °C on average"
  }
}

# Once in half an hour is enough.
transform "dedupe" "warm" {
  from = transform.smooth
  key  = event.room
  time = event.at
  ttl  = "30m"
}

transform "route" "urgency" {
  from = [transform.silent, transform.left_open, transform.busy, transform.warm]
  output "alert" {
    when = event.level == "alert"
  }
  # the rest leaves by transform.urgency.otherwise
}

sink "stdout" "alerts" {
  from = transform.urgency.alert
}

sink "stdout" "notes" {
  from = transform.urgency.otherwise
}

sink "stdout" "errors" {
  from = errors
}
