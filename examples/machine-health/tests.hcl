test "what is too hot is an alarm, in Celsius" {
  settings = { limit_c = 40 }
  now      = "2026-01-02T00:00:00Z"
  given {
    at = source.machine
    rows = [
      { timestamp = "2026-01-01 08:00:00", value = 95 },
      { timestamp = "2026-01-01 08:05:00", value = 104 }, # exactly at the limit
      { timestamp = "2026-01-01 08:10:00", value = 113.9 },
    ]
  }
  expect {
    at = sink.alarms
    rows = [
      { at = "2026-01-01 08:10:00", temp_c = 45.5, over_c = 5.5, text = "45.5 °C at 08:10" },
    ]
  }
  expect {
    at    = sink.warnings
    count = 1
    where = event.temp_c == 40
  }
  expect {
    at    = sink.history
    count = 3
  }
  expect {
    at    = errors
    count = 0
  }
}

test "the limit is a setting" {
  settings = { limit_c = 30 }
  given {
    at   = source.machine
    rows = [{ timestamp = "2026-01-01 08:00:00", value = 95 }]
  }
  expect {
    at    = sink.alarms
    count = 1
    where = event.temp_c == 35 && event.over_c == 5
  }
}

test "an hour is what its readings come to" {
  settings = { limit_c = 40 }
  now      = "2026-01-02T00:00:00Z"
  given {
    at = source.machine
    rows = [
      { timestamp = "2026-01-01 08:00:00", value = 95 },
      { timestamp = "2026-01-01 08:45:00", value = 113 },
      { timestamp = "2026-01-01 08:50:00", value = 41 }, # at rest
      { timestamp = "2026-01-01 09:00:00", value = 104 },
    ]
  }
  expect {
    at = sink.hours
    rows = [
      { hour = "2026-01-01T08:00:00Z", mean_c = 40, peak_c = 45, hot = 1, n = 2 },
      { hour = "2026-01-01T09:00:00Z", mean_c = 40, peak_c = 40, hot = 0, n = 1 },
    ]
  }
}

test "a machine at rest is no news" {
  given {
    at   = source.machine
    rows = [{ timestamp = "2026-01-01 08:00:00", value = 41 }]
  }
  expect {
    at    = transform.celsius
    count = 1
    where = event.temp_c == 5
  }
  expect {
    at    = sink.history
    count = 0
  }
}

test "what is no reading goes to the errors" {
  given {
    at = source.machine
    rows = [
      { timestamp = "2026-01-01 08:00:00", value = "n/a" },
      { timestamp = "yesterday", value = 95 },
    ]
  }
  expect {
    at    = sink.errors
    count = 2
  }
  expect {
    at    = sink.history
    count = 0
  }
}
