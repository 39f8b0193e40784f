# A simulated fleet of cold rooms: what gets warm becomes an alert on the screen.

pipeline "quickstart" {
  version = "1.0.0"
}

setting "limit_c" {
  type    = float
  default = 8
  range   = [-30, 25]
  label   = "Alert above (°C)"
}

# 24 rooms, 300 readings a second for three seconds. Change the source to "http" or "file" and the rest stays as it is.
source "simulate" "rooms" {
  devices  = 24
  prefix   = "room-"
  rate     = 300
  count    = 900
  interval = "2s" # a reading of the fleet stands for two seconds of their time

  signal "temp_c" {
    kind   = "sine"
    min    = 2
    max    = 8
    period = "20m"
    noise  = 0.4
  }
  signal "door" {
    kind        = "enum"
    values      = ["closed", "open"]
    probability = 0.02
  }
}

transform "filter" "warm" {
  from  = source.rooms
  where = event.temp_c > setting.limit_c - 1
}

transform "map" "reading" {
  from = transform.warm
  emit = {
    room   = event.device
    at     = time::format(event.ts, "15:04:05")
    temp_c = round(event.temp_c, 1)
    temp_f = round(event.temp_c * 9 / 5 + 32, 1)
    door   = event.door
  }
}

transform "route" "verdict" {
  from = transform.reading
  output "alert" {
    when = event.temp_c > setting.limit_c
  }
  output "hint" {
    when = event.door == "open"
  }
  # the rest leaves by transform.verdict.otherwise
}

transform "map" "alert" {
  from = transform.verdict.alert
  set  = { level = "alert", text = "${event.room} is at ${event.temp_c} °C" }
}

transform "map" "hint" {
  from = transform.verdict.hint
  set  = { level = "hint", text = "${event.room} gets warm, close the door" }
}

sink "stdout" "screen" {
  from = [transform.alert, transform.hint]
}

sink "discard" "fine" {
  from = transform.verdict.otherwise
}
