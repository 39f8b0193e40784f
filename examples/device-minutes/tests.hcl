test "a minute waits for what was overtaken, and not for what is later still" {
  now = "2026-01-05T12:00:00Z"
  given {
    at = source.machines
    rows = [
      { device = "m-0", ts = "2026-01-05T06:00:10Z", seq = 0, power_kw = 2 },
      { device = "m-0", ts = "2026-01-05T06:01:01Z", seq = 2, power_kw = 9 },
      { device = "m-0", ts = "2026-01-05T06:00:40Z", seq = 1, power_kw = 4 }, # overtaken by less than 2 s of its clock
      { device = "m-0", ts = "2026-01-05T06:01:02Z", seq = 4, power_kw = 9 }, # closes the minute
      { device = "m-0", ts = "2026-01-05T06:00:50Z", seq = 3, power_kw = 7 },
    ]
  }
  expect {
    at = sink.minutes
    rows = [
      { machine = "m-0", minute = "2026-01-05T06:00:00Z", kw = 3, peak_kw = 4, n = 2 },
      { machine = "m-0", minute = "2026-01-05T06:01:00Z", kw = 9, n = 2 },
    ]
  }
  expect {
    at   = sink.late
    rows = [{ device = "m-0", seq = 3, power_kw = 7 }]
  }
}

test "a clock that is behind makes nobody late" {
  now = "2026-01-05T12:00:00Z"
  given {
    at = source.machines
    rows = [
      { device = "m-0", ts = "2026-01-05T06:00:10Z", seq = 0, power_kw = 2 },
      { device = "m-1", ts = "2026-01-05T05:40:10Z", seq = 0, power_kw = 3 },
      { device = "m-0", ts = "2026-01-05T06:09:10Z", seq = 1, power_kw = 2 },
      { device = "m-1", ts = "2026-01-05T05:40:20Z", seq = 1, power_kw = 5 },
    ]
  }
  expect {
    at    = sink.late
    count = 0
  }
  expect {
    at    = sink.minutes
    where = event.machine == "m-1"
    rows  = [{ minute = "2026-01-05T05:40:00Z", kw = 4 }]
  }
}

test "there is a first result halfway" {
  now = "2026-01-05T12:00:00Z"
  given {
    at = source.machines
    rows = [
      { device = "m-0", ts = "2026-01-05T06:00:10Z", seq = 0, power_kw = 2 },
      { device = "m-0", ts = "2026-01-05T06:00:35Z", seq = 1, power_kw = 8 },
    ]
  }
  expect {
    at = transform.minute
    rows = [
      { final = false, peak_kw = 2, n = 1 },
      { final = true, peak_kw = 8, n = 2 },
    ]
  }
}

test "a pause of five minutes ends a run" {
  now = "2026-01-05T12:00:00Z"
  given {
    at = source.machines
    rows = [
      { device = "m-0", ts = "2026-01-05T06:00:00Z", seq = 0, power_kw = 6 },
      { device = "m-0", ts = "2026-01-05T06:04:00Z", seq = 1, power_kw = 6 },
      { device = "m-0", ts = "2026-01-05T06:09:00Z", seq = 2, power_kw = 6 },
    ]
  }
  expect {
    at = sink.runs
    rows = [
      { machine = "m-0", from = "06:00:00", to = "06:04:00", kwh = 0.4 },
      { machine = "m-0", from = "06:09:00", to = "06:09:00" },
    ]
  }
}

test "the trend is of the half hour before" {
  now = "2026-01-05T12:00:00Z"
  given {
    at = source.machines
    rows = [
      { device = "m-0", ts = "2026-01-05T06:01:00Z", seq = 0, power_kw = 3 },
      { device = "m-0", ts = "2026-01-05T06:29:00Z", seq = 1, power_kw = 5 },
    ]
  }
  expect {
    at    = sink.trends
    count = 1
    where = event.until == time::parse("2026-01-05T06:30:00Z") && event.median_kw == 4
  }
  expect {
    at    = sink.trends
    count = 11
  }
}
