test "an alert when a room has been too warm for longer than it may" {
  now = "2026-01-05T07:00:00Z"
  given {
    at = source.sensors
    rows = [
      { device = "r1", site = "oslo", temp_c = 9.5, ts = "2026-01-05T06:00:00Z" },
      { device = "r2", site = "oslo", temp_c = 4, ts = "2026-01-05T06:00:00Z" },
      { device = "r1", site = "oslo", temp_c = 9.8, ts = "2026-01-05T06:02:30Z" },
      { device = "r1", site = "oslo", temp_c = 9.9, ts = "2026-01-05T06:03:00Z" },
      { device = "r2", site = "oslo", ts = "2026-01-05T06:03:00Z" },
      "no reading",
    ]
  }
  expect {
    at   = sink.alerts
    rows = [{ device = "r1", temp_c = 9.8, warm_for = "2m30s", ts = "2026-01-05T06:02:30Z" }]
  }
  expect {
    at   = sink.warm
    rows = [{ device = "r1", peak_c = 9.5, n = 1 }, { device = "r1", peak_c = 9.8, n = 1 }, { device = "r1", peak_c = 9.9, n = 1 }]
  }
  expect {
    at    = sink.history
    count = 4
  }
  expect {
    at    = sink.dead
    count = 1
    where = event.code == "decode" && event.payload == "no reading"
  }
}

test "who turns the limit up hears of fewer rooms" {
  now      = "2026-01-05T07:00:00Z"
  settings = { limit_c = 9.7 }
  given {
    at = source.sensors
    rows = [
      { device = "r1", site = "oslo", temp_c = 9.5, ts = "2026-01-05T06:00:00Z" },
      { device = "r2", site = "oslo", temp_c = 9.8, ts = "2026-01-05T06:00:00Z" },
      { device = "r1", site = "oslo", temp_c = 9.6, ts = "2026-01-05T06:03:00Z" },
      { device = "r2", site = "oslo", temp_c = 9.9, ts = "2026-01-05T06:03:00Z" },
    ]
  }
  expect {
    at   = sink.alerts
    rows = [{ device = "r2", temp_c = 9.9, warm_for = "3m0s" }]
  }
  expect {
    at    = sink.warm
    count = 2
  }
}

test "an alarm goes to the alerts, and all of it into the history" {
  now = "2026-01-05T07:00:00Z"
  given {
    at   = source.sensors
    rows = [{ device = "r1", site = "oslo", temp_c = 9.5, ts = "2026-01-05T06:00:00Z" }]
  }
  # Whatever the behaviour makes of it: here it is not run.
  mock {
    at = transform.excursion
    rows = [
      { device = "r1", site = "oslo", temp_c = 9.5, ts = "2026-01-05T06:00:00Z", warm_for = "1m", alarm = false },
      { device = "r2", site = "rome", temp_c = 20, ts = "2026-01-05T06:00:10Z", warm_for = "1h", alarm = true },
    ]
  }
  expect {
    at   = sink.alerts
    rows = [{ device = "r2", site = "rome", warm_for = "1h0m0s" }]
  }
  expect {
    at    = sink.history
    count = 2
  }
}
