test "a weight and the label behind it are one package" {
  now = "2026-01-05T20:00:00Z"
  given {
    at = source.scanners
    rows = [
      { line = "line-1", at = "2026-01-05T06:00:12Z", code = "P-100" },
      { line = "line-2", at = "2026-01-05T06:00:21Z", code = "P-250" }, # of another line
    ]
  }
  given {
    at = source.scales
    rows = [
      { line = "line-1", at = "2026-01-05T06:00:10Z", g = 101.5 },
      { line = "line-1", at = "2026-01-05T06:00:20Z", g = 102.5 },
    ]
  }
  expect {
    at   = transform.package
    rows = [{ line = "line-1", g = 101.5, code = "P-100" }, { line = "line-1", g = 102.5, code = null }]
  }
  expect {
    at   = sink.bad
    rows = [{ at = "2026-01-05T06:00:20Z", product = null }]
  }
}

test "what is too light is bad" {
  now = "2026-01-05T20:00:00Z"
  given {
    at   = source.scales
    rows = [{ line = "line-1", at = "2026-01-05T06:00:10Z", g = 99.5 }]
  }
  given {
    at   = source.scanners
    rows = [{ line = "line-1", at = "2026-01-05T06:00:11Z", code = "P-100" }]
  }
  expect {
    at   = sink.bad
    rows = [{ product = "coffee 100 g", light = true }]
  }
}

test "the latest plan counts" {
  now = "2026-01-05T20:00:00Z"
  given {
    at = source.plans
    rows = [
      { line = "line-1", at = "2026-01-05T05:50:00Z", pieces = 2 },
      { line = "line-1", at = "2026-01-05T05:30:00Z", pieces = 9 }, # older, though it came later
    ]
  }
  given {
    at = source.scanners
    rows = [
      { line = "line-1", at = "2026-01-05T06:00:11Z", code = "P-100" },
      { line = "line-2", at = "2026-01-05T06:00:11Z", code = "P-250" },
    ]
  }
  given {
    at = source.scales
    rows = [
      { line = "line-1", at = "2026-01-05T06:00:10Z", g = 101.5 },
      { line = "line-2", at = "2026-01-05T06:00:10Z", g = 252.5 },
    ]
  }
  expect {
    at    = sink.shifts
    where = event.line == "line-1"
    rows  = [{ shift = "2026-01-05 14:00", good = 1, bad = 0, planned = 2, missing = 1 }]
  }
  expect {
    at    = sink.shifts
    where = event.line == "line-2"
    rows  = [{ good = 1, planned = null, missing = null }]
  }
}
